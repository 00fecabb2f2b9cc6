import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load-config.js';
import { type IssuerEntry } from './postern-config.js';

type Fields = Record<string, unknown>;

const golden = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as Fields & {
  issuers: Fields[];
};

const folder = mkdtempSync(join(tmpdir(), 'postern-issuers-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const terms = {
  tokenUse: 'once',
  maxLifetime: '1h',
  owner: 'platform@example',
  purpose: 'Workloads of the mesh',
  reviewBy: '2027-03-31',
};
const compiledTerms = {
  tokenUse: { kind: 'once' },
  maxLifetimeSeconds: 3600,
  maxAgeSeconds: 3600,
  clockSkewSeconds: 30,
  requiredClaims: {},
  owner: 'platform@example',
  purpose: 'Workloads of the mesh',
  reviewBy: new Date('2027-04-01T00:00:00Z'),
};
const spiffe = (changes: Fields = {}): Fields => ({
  id: 'mesh',
  kind: 'spiffe',
  trustDomain: 'prod.example',
  bundle: { file: './bundle.json' },
  ...terms,
  ...changes,
});
const introspection = (changes: Fields = {}): Fields => ({
  id: 'partner',
  kind: 'introspection',
  issuer: 'https://idp.partner.example',
  endpoint: 'https://idp.partner.example/introspect',
  clientAuth: { secretRef: { mount: 'secret', path: 'postern/partner-introspection' } },
  subjects: 'workload',
  ...terms,
  ...changes,
});
const oidc = (changes: Fields): Fields => ({ ...golden.issuers[0], ...changes });

function load(...issuers: Fields[]): readonly IssuerEntry[] {
  writeFileSync(file, stringify({ ...golden, issuers }, { aliasDuplicateObjects: false }));
  return loadConfig(file).issuers;
}

describe('an issuer of kind spiffe', () => {
  it('says little, and the rest gets its defaults', () => {
    expect(load(spiffe())).toEqual([
      {
        id: 'mesh',
        kind: 'spiffe',
        issuer: 'spiffe://prod.example',
        keys: { kind: 'file', path: join(folder, 'bundle.json') },
        algorithms: [
          ...['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512'],
          ...['PS256', 'PS384', 'PS512'],
        ],
        types: ['jwt', 'jose'],
        subjects: 'workload',
        allowPrivateKeyEndpoint: false,
        ...compiledTerms,
      },
    ]);
  });

  it('gets its bundle from an endpoint', () => {
    const endpoint = 'https://spire.prod.example:8443';
    const bundle = { endpoint, profile: 'https_web', allowPrivate: true };
    expect(load(spiffe({ bundle }))[0]).toMatchObject({
      keys: { kind: 'uri', uri: endpoint },
      allowPrivateKeyEndpoint: true,
    });
  });

  it('may limit the age of its tokens', () => {
    expect(load(spiffe({ maxAge: '10m' }))[0]).toMatchObject({ maxAgeSeconds: 600 });
  });
});

describe('an issuer of kind introspection', () => {
  it('says little, and the rest gets its defaults', () => {
    expect(load(introspection())).toEqual([
      {
        id: 'partner',
        kind: 'introspection',
        issuer: 'https://idp.partner.example',
        endpoint: 'https://idp.partner.example/introspect',
        clientSecret: { mount: 'secret', path: 'postern/partner-introspection' },
        audienceRequired: true,
        allowPrivateEndpoint: false,
        subjects: 'workload',
        ...compiledTerms,
      },
    ]);
  });

  it('may answer without naming an audience, and from a private address', () => {
    const [entry] = load(introspection({ audience: 'any', allowPrivate: true }));
    expect(entry).toMatchObject({ audienceRequired: false, allowPrivateEndpoint: true });
  });
});

describe('an issuer of kind oidc', () => {
  it.each([
    ['10s', 10],
    ['1h', 3600],
    [undefined, 300],
  ])('J-32: says after which time a removed key is refused (%s)', (refresh, refreshSeconds) => {
    const written = { discovery: true, ...(refresh === undefined ? {} : { refresh }) };
    expect(load(oidc({ keys: written }))[0]).toMatchObject({
      keys: { kind: 'discovery', refreshSeconds },
    });
  });
});

/** What is told of these issuers, without the name of the file. */
function told(...issuers: Fields[]): Promise<readonly string[]> {
  return Promise.resolve()
    .then(() => load(...issuers))
    .then(
      () => ['it was accepted'],
      (error: unknown) => (error as Error).message.replaceAll(`${file}: `, '').split('\n'),
    );
}

const TRUST_DOMAIN =
  'issuers[0].trustDomain: expected the name of a trust domain such as prod.example, of a-z, 0-9, ".", "_" and "-"';
const BUNDLE =
  'issuers[0].bundle: expected { file: <path> } or { endpoint: <https URL>, profile: https_web }, and with the second allowPrivate: true for a private address';
const PROFILE =
  'issuers[0].bundle.profile: expected https_web. The profile https_spiffe, whose server shows an X509-SVID, is not available in this version: serve the bundle by https_web, or write it to a file';
const ENDPOINT =
  'issuers[0].bundle.endpoint: expected an https URL without userinfo, query or fragment';
const endpoint = 'https://spire.prod.example/bundle';
const at = (changed: Fields): Fields => ({
  bundle: { endpoint, profile: 'https_web', ...changed },
});

describe('a problem of a trust domain is told in one line', () => {
  it.each<[string, Fields, string]>([
    [
      'its name with the scheme',
      { trustDomain: 'spiffe://prod.example' },
      `${TRUST_DOMAIN}, found "spiffe://prod.example"`,
    ],
    ['its name in capitals', { trustDomain: 'Prod' }, `${TRUST_DOMAIN}, found "Prod"`],
    ['a path', { trustDomain: 'prod/ns' }, `${TRUST_DOMAIN}, found "prod/ns"`],
    ['a port', { trustDomain: 'prod:443' }, `${TRUST_DOMAIN}, found "prod:443"`],
    [
      'an iss, which nobody would read',
      { issuer: 'https://spire.example' },
      'issuers[0].issuer: unknown setting: expected one of kind, trustDomain, bundle, algorithms, subjects, maxAge, id, tokenUse, maxLifetime, clockSkew, requiredClaims, owner, purpose, reviewBy.',
    ],
    [
      'S-12 the profile https_spiffe',
      at({ profile: 'https_spiffe' }),
      `${PROFILE}, found "https_spiffe"`,
    ],
    ['S-12 no profile', { bundle: { endpoint } }, `${BUNDLE}, found a mapping of endpoint`],
    [
      'S-12 a bundle over a plain network, be it of this machine',
      at({ endpoint: 'http://127.0.0.1:8443' }),
      `${ENDPOINT}, found "http://127.0.0.1:8443"`,
    ],
    [
      'S-12 a bundle endpoint with a password, which is not repeated',
      at({ endpoint: 'https://user:hunter2@spire.example' }),
      `${ENDPOINT}, found "https://[redacted]@spire.example"`,
    ],
    ['a bundle from nowhere', { bundle: {} }, `${BUNDLE}, found an empty mapping`],
    [
      'a bundle by discovery',
      { bundle: { discovery: true } },
      `${BUNDLE}, found a mapping of discovery`,
    ],
    [
      'S-01 an algorithm of OIDC alone',
      { algorithms: ['EdDSA'] },
      'issuers[0].algorithms[0]: expected one of ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, found "EdDSA"',
    ],
  ])('%s', async (_, changes, line) => {
    expect(await told(spiffe(changes))).toEqual([line]);
  });

  it('and one that stands twice', async () => {
    expect(await told(spiffe(), spiffe({ id: 'other' }))).toEqual([
      'issuers[1].trustDomain: "prod.example" is that of issuers[0] already',
    ]);
  });
});

describe('a problem of an issuer of opaque tokens is told in one line', () => {
  it.each<[string, Fields, string]>([
    [
      'I-20 an endpoint on a plain network',
      { endpoint: 'http://idp.partner.example/introspect' },
      'issuers[0].endpoint: expected an https URL without userinfo, query or fragment; http only on loopback, found "http://idp.partner.example/introspect"',
    ],
    [
      'a secret in the place of its address, which is not repeated',
      { clientAuth: { clientSecret: 'hunter2' } },
      'issuers[0].clientAuth.secretRef: is missing: expected a mapping',
    ],
    [
      'an audience that is neither',
      { audience: 'ours' },
      'issuers[0].audience: expected one of required, any, found "ours"',
    ],
  ])('%s', async (_, changes, line) => {
    expect((await told(introspection(changes)))[0]).toBe(line);
  });

  it('and repeats no secret that somebody wrote there', async () => {
    const lines = await told(introspection({ clientAuth: { clientSecret: 'hunter2' } }));
    expect(lines.join()).not.toContain('hunter2');
    expect(lines).toHaveLength(2);
  });
});

it('issuers of all kinds stand side by side', () => {
  expect(load(oidc({}), spiffe(), introspection()).map(({ kind }) => kind)).toEqual([
    'oidc',
    'spiffe',
    'introspection',
  ]);
});
