import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';

const RUNS = 300;
/** Room for the file's name, the path and the names of the settings; not for what somebody wrote. */
const VALUE_SHOWN_MAX = 80;

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** Undefined when it is accepted. */
function failureOf(text: string): Promise<unknown> {
  writeFileSync(file, text);
  const load = (): unknown => loadConfig(file);
  return Promise.resolve()
    .then(load)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
}

const good = readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8');
type Tree = Record<string, unknown> | unknown[];

/** Every place of the configuration, as the steps that lead there. */
const places = (tree: unknown, path: readonly string[] = []): string[][] =>
  typeof tree !== 'object' || tree === null
    ? []
    : Object.entries(tree).flatMap(([name, value]) => [
        [...path, name],
        ...places(value, [...path, name]),
      ]);

function withValueAt(path: readonly string[], value: unknown): string {
  const config = parse(good) as Tree;
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((tree, step) => (tree as Record<string, unknown>)[step], config);
  (parent as Record<string, unknown>)[path.at(-1) ?? ''] = value;
  return stringify(config, { aliasDuplicateObjects: false });
}

describe('whatever the file holds, loadConfig accepts it or throws a ConfigError', () => {
  const acceptedOrRefused = async (text: string): Promise<void> => {
    const failure = await failureOf(text);
    if (failure !== undefined) expect(failure).toBeInstanceOf(ConfigError);
  };

  it('for any text', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'grapheme' }), acceptedOrRefused), {
      numRuns: RUNS,
    });
  });

  it('for any text of characters that YAML gives a meaning', async () => {
    const yaml = fc.string({
      unit: fc.constantFrom(...Array.from('-:?[]{},&*!|>\'"%@`# \n\tab01~<.')),
    });
    await fc.assert(fc.asyncProperty(yaml, acceptedOrRefused), { numRuns: RUNS });
  });

  it('for any value at any place of a good file', async () => {
    const place = fc.constantFrom(...places(parse(good)));
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.double());
    await fc.assert(
      fc.asyncProperty(place, value, (path, written) =>
        acceptedOrRefused(withValueAt(path, written)),
      ),
      { numRuns: RUNS },
    );
  });
});

it('a long value, which may be a secret in the wrong place, is not told beyond 80 characters', async () => {
  const secret = 'hunter2'.repeat(60);
  for (const path of places(parse(good))) {
    const failure = await failureOf(withValueAt(path, secret));
    expect(String(failure)).not.toContain(secret.slice(0, VALUE_SHOWN_MAX));
  }
});

it('a password in the address of two issuers is not told', async () => {
  const [first] = (parse(good) as { issuers: Record<string, unknown>[] }).issuers;
  const issuer = 'https://user:hunter2@idp.example';
  const both = [
    { ...first, issuer },
    { ...first, id: 'other', issuer },
  ];
  const failure = await failureOf(withValueAt(['issuers'], both));
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).not.toContain('hunter2');
});
