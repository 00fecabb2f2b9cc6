import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE, publishedSchemas } from '#events';

const page = readFileSync(path.resolve('docs/events.md'), 'utf8');
const types = Object.keys(CATALOGUE).map((type) => type.replace(/^dev\.postern\.(.+)\.v1$/, '$1'));
const NOT_EMITTED = 'Catalogued, not emitted yet';

const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((section): [string, string] => [
      section.slice(0, section.indexOf('\n')),
      section.split(/^## /m)[0]!,
    ]),
);
const queriesOf = (section: string): string[] =>
  [...section.matchAll(/^```sql\n([^]*?)^```/gm)].map((match) => match[1]!);
const queries = [...sections.values()].flatMap(queriesOf);

/** Types that the page says nothing emits. */
const notEmitted = new Set([
  ...[...sections.get(NOT_EMITTED)!.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map((match) => match[1]!),
  ...[...page.matchAll(/\*\*`([a-z_.]+)`\*\* \(not emitted yet\)/g)].map((match) => match[1]!),
]);

/** What functions in PostgreSQL emit by themselves stands in the migrations. */
const sources = ['apps', 'libs', 'migrations']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => file.endsWith('.ts') && !/\.(?:test|contract)\.ts$/.test(file))
  .filter((file) => !/^libs\/(?:events|testing)\/(?!src\/probe-breached\.ts$)/.test(file))
  .map((file) => readFileSync(file, 'utf8'));

const fields = new Set(
  [...publishedSchemas().values()].flatMap((schema) =>
    [...JSON.stringify(schema).matchAll(/"([a-z_]+)":\{/g)].map((match) => match[1]!),
  ),
);

describe('docs/events.md', () => {
  it.each([...sections.keys()].filter((title) => title !== NOT_EMITTED))(
    'has two queries for its section %s',
    (title) => {
      expect(queriesOf(sections.get(title)!)).toHaveLength(2);
    },
  );

  it('has queries that ask for types and fields that there are', () => {
    const asked = queries.flatMap((query) => [
      ...[...query.matchAll(/'dev\.postern\.([a-z_.]+)\.v1'/g)].map((match) => match[1]!),
      ...[...query.matchAll(/data((?:\.`?[a-z_]+`?)+)/g)].flatMap((match) =>
        match[1]!.replaceAll('`', '').slice(1).split('.'),
      ),
    ]);
    expect(asked.filter((name) => !types.includes(name) && !fields.has(name))).toEqual([]);
    expect(asked.length).toBeGreaterThan(queries.length);
  });

  it.each(types)('says the truth on whether anything emits %s', (type) => {
    const named = sources.some((source) => source.includes(`'dev.postern.${type}.v1'`));
    expect([type, !notEmitted.has(type)]).toEqual([type, named]);
  });
});
