import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load-config.js';

type Fields = Record<string, unknown>;
type Config = Fields & { issuers: Fields[]; resources: Fields[] };

/** See test/golden/config/problems.yaml. */
interface Case {
  readonly refused: string;
  readonly root?: Fields;
  readonly issuer?: Fields;
  readonly resource?: Fields;
  readonly secondIssuer?: Fields;
  readonly signal?: Fields;
  readonly secondSignal?: Fields;
  readonly secondResource?: Fields;
  readonly line?: string;
  readonly lines?: readonly string[];
}

const golden = (name: string): string => readFileSync(resolve('test/golden/config', name), 'utf8');
const written = (): Config => parse(golden('postern.yaml')) as Config;
const cases = parse(golden('problems.yaml')) as readonly Case[];

/** A transmitter like those in docs/signals.md; the least that postern.yaml must say has none. */
const aSignal: Fields = {
  id: 'idp-signals',
  issuer: 'https://idp.example',
  keys: { discovery: true },
  algorithms: ['ES256'],
  subjects: ['k8s'],
  owner: 'platform@example',
  purpose: 'What the identity provider tells of its accounts',
  reviewBy: '2027-03-31',
};

/** Strict YAML has no aliases, so what stands twice is written twice. */
const yaml = (config: Fields): string => stringify(config, { aliasDuplicateObjects: false });

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** What a person is told, without the name of the file. */
async function told(text: string | Uint8Array): Promise<readonly string[]> {
  writeFileSync(file, text);
  const load = (): unknown => loadConfig(file);
  const error = await Promise.resolve()
    .then(load)
    .then(
      () => new Error('it was accepted'),
      (thrown: unknown) => thrown as Error,
    );
  return error.message.split('\n').map((line) => line.replace(`${file}: `, ''));
}

const changed = (fields: Fields, changes: Fields = {}): Fields =>
  Object.fromEntries(
    Object.entries({ ...fields, ...changes }).filter(([, value]) => value !== null),
  );

function broken(change: Case): Fields {
  const { issuers, resources, ...rest } = written();
  const [issuer = {}, resource = {}] = [issuers[0], resources[0]];
  const signals = [
    ...(change.signal === undefined ? [] : [changed(aSignal, change.signal)]),
    ...(change.secondSignal === undefined ? [] : [changed(aSignal, change.secondSignal)]),
  ];
  const second = (first: Fields, changes: Fields | undefined): Fields[] =>
    changes === undefined ? [] : [changed(first, changes)];
  return changed(
    {
      ...rest,
      issuers: [changed(issuer, change.issuer), ...second(issuer, change.secondIssuer)],
      ...(signals.length === 0 ? {} : { signals }),
      resources: [changed(resource, change.resource), ...second(resource, change.secondResource)],
    },
    change.root,
  );
}

describe('a problem in postern.yaml is told in one line', () => {
  it('and there is none in the file that the others are made from', async () => {
    expect(await told(golden('postern.yaml'))).toEqual(['it was accepted']);
  });

  it.each(cases.map((one) => [one.refused, one] as const))('%s', async (_, one) => {
    expect(await told(yaml(broken(one)))).toEqual(one.lines ?? [one.line]);
  });

  it('and all problems at once, whatever their kind', async () => {
    const lines = await told(
      yaml(
        broken({
          refused: 'much',
          root: { colour: 'red', environment: 'PROD' },
          issuer: { kind: 'saml' },
          secondIssuer: { clockSkew: '2m' },
          resource: { id: 'postern', environment: 'staging' },
        }),
      ),
    );
    expect(lines.map((line) => line.split(': ')[0]).sort()).toEqual([
      'colour',
      'environment',
      'issuers[0].kind',
      'issuers[1].clockSkew',
      'issuers[1].id',
      'issuers[1].issuer',
      'resources[0].environment',
      'resources[0].id',
    ]);
  });
});

describe('a file that is no YAML mapping', () => {
  it.each([
    ['broken YAML', 'environment: prod\nlisten: {', /^line 2, column 10: .+/],
    ['a key twice', 'a: prod\na: dev', /^line 2, column 1: Map keys must be unique$/],
    ['a second document', 'a: 1\n---\nb: 2', /^line 2, column 1: a second document begins/],
    ['an alias', 'a: &x 1\nb: *x', /^line 1, column 7: anchors and aliases are not accepted/],
    ['a merge, which is a key like another', 'environment: {<<: prod}', /found a mapping of <<$/],
    ['a tag', 'a: !!binary aGk=', /^line 1, column \d+: tags \(!!binary, !custom\) are not/],
    ['another YAML version', '%YAML 1.1\n---\na: yes', /^line \d+, column \d+: directives/],
    ['a key that is a number', '1: a', /^line 1, column 1: keys must be text: put it into quotes$/],
    ['a key that is a list', '? [a]\n: 1', /keys must be text/],
    ['the prototype as a key', '__proto__: {}', /^line 1, column 1: __proto__ cannot be a key$/],
    ['nothing', '', /^expected a mapping, found nothing$/],
    ['a text', 'hello', /^expected a mapping, found "hello"$/],
    ['brackets without end', '['.repeat(100_000), /nested too deeply/],
    ['mappings without end', 'a: {'.repeat(10_000), /nested too deeply|^line 1, column/],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), /^is not UTF-8$/],
    ['more than a mebibyte', `# ${'x'.repeat(1024 * 1024)}`, /^is larger than 1 MiB$/],
  ])('%s is refused with its place', async (_, text, line) => {
    expect((await told(text))[0]).toMatch(line);
  });

  it('that is absent is named with what to do', () => {
    const absent = join(folder, 'absent.yaml');
    expect(() => loadConfig(absent)).toThrow(
      `${absent}: cannot be read (ENOENT): set POSTERN_CONFIG to the file, or start where postern.yaml lies`,
    );
  });

  it('that is a folder is refused', () => {
    expect(() => loadConfig(folder)).toThrow(`${folder}: is not a file`);
  });
});
