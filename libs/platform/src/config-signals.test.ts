import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load-config.js';
import { type SignalEntry } from './postern-config.js';

type Fields = Record<string, unknown>;

const golden = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as Fields & {
  issuers: Fields[];
};
const mesh = {
  ...{ id: 'mesh', kind: 'spiffe', trustDomain: 'prod.example', tokenUse: 'once' },
  ...{ bundle: { file: './bundle.json' }, maxLifetime: '1h', reviewBy: '2027-03-31' },
  ...{ owner: 'platform@example', purpose: 'Workloads of the mesh' },
};
const issuers = [...golden.issuers, mesh];

const folder = mkdtempSync(join(tmpdir(), 'postern-signals-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const signal = (changes: Fields = {}): Fields => ({
  id: 'idp-signals',
  issuer: 'https://k8s.example',
  keys: { discovery: true },
  algorithms: ['ES256', 'EdDSA'],
  subjects: ['k8s', 'mesh'],
  owner: 'iam@example',
  purpose: 'What the identity provider tells of its accounts',
  reviewBy: '2027-06-30',
  ...changes,
});

function load(changes: Fields): readonly SignalEntry[] {
  const written = { ...golden, issuers, ...changes };
  writeFileSync(file, stringify(written, { aliasDuplicateObjects: false }));
  return loadConfig(file).signals;
}

/** What is told of it, without the name of the file. */
function told(changes: Fields): Promise<readonly string[]> {
  return Promise.resolve()
    .then(() => load(changes))
    .then(
      () => ['it was accepted'],
      (error: unknown) => (error as Error).message.replaceAll(`${file}: `, '').split('\n'),
    );
}

describe('the transmitters of security events', () => {
  it('are none, unless somebody names one', () => {
    expect(load({})).toEqual([]);
    expect(load({ signals: [] })).toEqual([]);
  });

  it('E-01: are named with keys, and with whose subjects they may speak of', () => {
    expect(load({ signals: [signal()] })).toEqual([
      {
        id: 'idp-signals',
        issuer: 'https://k8s.example',
        keys: { kind: 'discovery', refreshSeconds: 300 },
        algorithms: ['ES256', 'EdDSA'],
        allowPrivateKeyEndpoint: false,
        subjects: ['k8s', 'mesh'],
        owner: 'iam@example',
        purpose: 'What the identity provider tells of its accounts',
        reviewBy: new Date('2027-07-01T00:00:00Z'),
      },
    ]);
  });

  it.each([
    [{ file: 'keys/jwks.json' }, { kind: 'file', path: join(folder, 'keys/jwks.json') }, false],
    [
      { jwksUri: 'https://idp.example/keys', allowPrivate: true, refresh: '1h' },
      { kind: 'uri', uri: 'https://idp.example/keys', refreshSeconds: 3600 },
      true,
    ],
    [{ discovery: true, allowPrivate: true }, { kind: 'discovery', refreshSeconds: 300 }, true],
  ])('give their keys as issuers do: %j', (keys, expected, allowPrivateKeyEndpoint) => {
    const [entry] = load({ signals: [signal({ keys })] });
    expect(entry).toMatchObject({ keys: expected, allowPrivateKeyEndpoint });
  });

  it('command nothing, unless what they may command is said', () => {
    const commands = { actions: ['revoke', 'suspend'], scopes: ['handle', 'resource'] };
    const [telling, commanding] = load({
      signals: [signal(), signal({ id: 'soc', issuer: 'https://soc.example', commands })],
    });
    expect(telling).not.toHaveProperty('commands');
    expect(commanding).toMatchObject({ commands });
  });

  it.each([
    [{ actions: [], scopes: ['handle'] }, 'expected at least one of revoke, suspend, resume'],
    [{ actions: ['delete'], scopes: ['handle'] }, 'signals[0].commands.actions[0]'],
    [{ actions: ['revoke'], scopes: ['all'] }, 'signals[0].commands.scopes[0]'],
    [{ actions: ['revoke', 'revoke'], scopes: ['handle'] }, 'expected each once'],
    [{ actions: ['revoke'] }, 'signals[0].commands.scopes'],
  ])('are refused when they may command %j', async (commands, expected) => {
    const lines = await told({ signals: [signal({ commands })] });
    expect(lines.join()).toContain(expected);
  });

  it('may have the id of an issuer', () => {
    expect(load({ signals: [signal({ id: 'k8s' })] })).toMatchObject([{ id: 'k8s' }]);
  });

  it('may all speak of the same issuer', () => {
    const other = signal({ id: 'other', issuer: 'https://other.example' });
    expect(load({ signals: [signal(), other] }).map(({ id }) => id)).toEqual([
      'idp-signals',
      'other',
    ]);
  });

  it('E-04: are told the first ten issuers when they name none of them', async () => {
    const many = Array.from({ length: 11 }, (_, index) => ({
      ...golden.issuers[0],
      id: `cluster-${index}`,
      issuer: `https://cluster-${index}.example`,
    }));
    const first = many.slice(0, 10).map(({ id }) => id);
    const signals = [signal({ subjects: ['elsewhere'] })];
    expect(await told({ issuers: many, signals })).toEqual([
      `signals[0].subjects[0]: "elsewhere" is no issuer of this file: expected one of ${first.join(', ')} and others.`,
    ]);
    expect(await told({ issuers: many.slice(0, 10), signals })).toEqual([
      `signals[0].subjects[0]: "elsewhere" is no issuer of this file: expected one of ${first.join(', ')}.`,
    ]);
  });

  it('E-04: are told that there is no such issuer where none has an id', async () => {
    const lines = await told({ issuers: [], signals: [signal({ subjects: ['k8s'] })] });
    expect(lines).toContain('signals[0].subjects[0]: "k8s" is no issuer of this file');
  });

  it('are not told what is no id, which may be a secret in the wrong place', async () => {
    const hidden = 'Hunter2'.repeat(60);
    const lines = await told({
      issuers: [{ ...golden.issuers[0], id: hidden }, mesh],
      signals: [signal({ subjects: ['k8s', hidden] })],
    });
    expect(lines).toHaveLength(3);
    expect(lines.join()).not.toContain(hidden.slice(0, 80));
    expect(lines).toContain(
      'signals[0].subjects[0]: "k8s" is no issuer of this file: expected one of mesh.',
    );
  });

  it.each([['text'], [7], [[7]], [[null]], [{ subjects: { k8s: true } }], [[{ subjects: 'k8s' }]]])(
    'are refused when they are %j',
    async (signals) => {
      const lines = await told({ signals });
      expect(lines.every((line) => line.startsWith('signals'))).toBe(true);
    },
  );
});
