import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadConfig } from './load-config.js';

type Fields = Record<string, unknown>;

const issuer = (changes: Fields = {}): Fields => ({
  id: 'k8s',
  kind: 'oidc',
  issuer: 'https://k8s.example',
  keys: { discovery: true },
  algorithms: ['ES256'],
  subjects: 'workload',
  tokenUse: 'once',
  maxLifetime: '1h',
  maxAge: '10m',
  owner: 'platform@example',
  purpose: 'Service accounts of the cluster',
  reviewBy: '2027-03-31',
  ...changes,
});

const resource = (changes: Fields = {}): Fields => ({
  id: 'ledger',
  environment: 'prod',
  owner: 'core-banking@example',
  destination: 'https://ledger.internal:8443/api',
  credential: { ref: { mount: 'secret', path: 'legacy/ledger' } },
  inject: { as: 'basic', username: 'username', password: 'password' },
  scopes: { 'ledger.read': ['GET /accounts/**'] },
  ...changes,
});

const listen = (changes: Fields = {}): Fields => ({
  public: { host: '127.0.0.1', port: 8080 },
  admin: { host: '127.0.0.1', port: 8081 },
  ...changes,
});

const config = (changes: Fields = {}): Fields => ({
  environment: 'prod',
  publicOrigin: 'https://postern.example',
  listen: listen(),
  grants: './grants',
  issuers: [issuer()],
  resources: [resource()],
  ...changes,
});

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  file = join(folder, 'postern.yaml');
});
afterAll(() => rmSync(folder, { recursive: true }));

const loadText = (text: string | Uint8Array): ReturnType<typeof loadConfig> => {
  writeFileSync(file, text);
  return loadConfig(file);
};
const load = (written: Fields): ReturnType<typeof loadConfig> => loadText(stringify(written));

/** The lines that a person would see, without the name of the file; what is accepted gives a line that says so. */
const problems = async (text: string | Uint8Array): Promise<readonly string[]> => {
  const error = await Promise.resolve(text)
    .then(loadText)
    .then(
      () => new Error('it was accepted'),
      (thrown: unknown) => thrown as Error,
    );
  return error.message.split('\n').map((line) => line.replace(`${file}: `, ''));
};
const problemsIn = (written: Fields): Promise<readonly string[]> => problems(stringify(written));

describe('postern.yaml', () => {
  it('is accepted with the least that it must say, and the rest gets its defaults', () => {
    expect(load(config())).toEqual({
      file,
      environment: 'prod',
      publicOrigin: 'https://postern.example',
      deployment: 'postern',
      listen: listen(),
      trustedProxies: [],
      grantsFolder: join(folder, 'grants'),
      issuers: [
        {
          id: 'k8s',
          kind: 'oidc',
          issuer: 'https://k8s.example',
          keys: { kind: 'discovery' },
          algorithms: ['ES256'],
          types: ['jwt'],
          subjects: 'workload',
          tokenUse: { kind: 'once' },
          maxLifetimeSeconds: 3600,
          maxAgeSeconds: 600,
          clockSkewSeconds: 30,
          requiredClaims: {},
          owner: 'platform@example',
          purpose: 'Service accounts of the cluster',
          reviewBy: new Date('2027-04-01T00:00:00Z'),
          allowPrivateKeyEndpoint: false,
        },
      ],
      resources: [
        {
          id: 'ledger',
          environment: 'prod',
          owner: 'core-banking@example',
          destination: 'https://ledger.internal:8443/api',
          tls: undefined,
          network: { allowPrivate: false },
          credential: { ref: { mount: 'secret', path: 'legacy/ledger' } },
          inject: { kind: 'basic', username: 'username', password: 'password' },
          presentations: ['bearer'],
          scopes: { 'ledger.read': ['GET /accounts/**'] },
          forbid: [],
          handle: { ttlSeconds: 300, maxTtlSeconds: 900, maxCalls: 1000, binding: 'none' },
          call: {
            totalTimeoutMs: 30_000,
            connectTimeoutMs: 5_000,
            headersTimeoutMs: 30_000,
            idleTimeoutMs: 30_000,
            requestBytesMax: 10 * 1024 * 1024,
            responseBytesMax: Number.POSITIVE_INFINITY,
            concurrencyMax: 256,
            audit: 'strict',
          },
          response: { scrub: 'stream' },
        },
      ],
    });
  });

  it('counts paths from its own folder, whatever the process is started in', () => {
    const loaded = load(
      config({
        grants: '../grants-of-all',
        issuers: [issuer({ keys: { file: 'keys/jwks.json' } })],
        resources: [resource({ tls: { caFile: './ca.pem', serverName: 'ledger' } })],
      }),
    );
    expect(loaded.grantsFolder).toBe(join(folder, '..', 'grants-of-all'));
    expect(loaded.issuers[0]?.keys).toEqual({ kind: 'file', path: join(folder, 'keys/jwks.json') });
    expect(loaded.resources[0]?.tls).toEqual({
      caFile: join(folder, 'ca.pem'),
      serverName: 'ledger',
    });
  });

  it.each([
    ['once', { kind: 'once' }],
    ['reusable', { kind: 'reusable' }],
    ['bounded:3', { kind: 'bounded', uses: 3 }],
  ])('reads tokenUse %s', (tokenUse, expected) => {
    expect(load(config({ issuers: [issuer({ tokenUse })] })).issuers[0]?.tokenUse).toEqual(
      expected,
    );
  });

  it.each([
    [
      { as: 'bearer', value: 'apiKey' },
      { kind: 'bearer', value: 'apiKey' },
    ],
    [
      { as: 'header', name: 'X-Api-Key', template: '{apiKey}' },
      { kind: 'header', name: 'X-Api-Key', template: '{apiKey}' },
    ],
    [
      { as: 'query', name: 'key', value: 'apiKey' },
      { kind: 'query', name: 'key', value: 'apiKey' },
    ],
  ])('reads inject %j', (inject, expected) => {
    expect(load(config({ resources: [resource({ inject })] })).resources[0]?.inject).toEqual(
      expected,
    );
  });

  it('keeps scrub: off with its justification, and forgets the words', () => {
    const response = { scrub: { off: 'The backend signs its answers' } };
    expect(load(config({ resources: [resource({ response })] })).resources[0]?.response).toEqual({
      scrub: 'off',
    });
  });

  it('gives each process its own listeners, and the shared ones where it has none', () => {
    const own = { host: '10.0.0.1', port: 9000 };
    writeFileSync(file, stringify(config({ listen: listen({ proxy: { admin: own } }) })));
    expect(loadConfig(file, 'proxy').listen).toEqual(listen({ admin: own }));
    expect(loadConfig(file, 'sts').listen).toEqual(listen());
    expect(loadConfig(file, 'standalone').listen).toEqual(listen());
  });

  it.each([
    'http://127.0.0.1:8080',
    'http://localhost',
    'http://[::1]:8080',
    'https://p.example:1',
  ])('may have the public origin %s', (publicOrigin) => {
    expect(load(config({ publicOrigin })).publicOrigin).toBe(publicOrigin);
  });
});

const ORIGIN =
  'expected an origin such as https://postern.example, without path and trailing slash; http only on loopback';
const DURATION = 'expected a duration such as 30s, 5m, 1h or 90d';
const ID = 'expected 1 to 63 of a-z, 0-9 and "-", with neither end a "-"';
const KEYS =
  'expected { discovery: true }, { jwksUri: <https URL> } or { file: <path> }, and with the first two allowPrivate: true for a private address';
const INJECT = 'expected one of basic, bearer, header, query';
const ALGORITHMS = 'ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA, Ed25519';
const NOT_YET = 'is not available in this version';
const DISCOVERY =
  'needs an issuer that is an https URL (http only on loopback): give the keys by { file: <path> } or { jwksUri: <https URL> }';

const inIssuer = (changes: Fields): Fields => config({ issuers: [issuer(changes)] });
const inResource = (changes: Fields): Fields => config({ resources: [resource(changes)] });

describe('a problem in postern.yaml is told in one line', () => {
  it.each<[string, Fields, string]>([
    [
      'an environment in capitals',
      config({ environment: 'Prod', resources: [resource({ environment: 'Prod' })] }),
      'environment: expected 1 to 32 of a-z, 0-9 and "-", with neither end a "-", found "Prod"',
    ],
    [
      'no public origin',
      config({ publicOrigin: undefined }),
      'publicOrigin: is missing: expected text',
    ],
    ...(
      [
        'https://postern.example/',
        'https://postern.example/gate',
        'http://postern.example',
        'http://127.evil.example',
        'HTTPS://postern.example',
        'https://postern.example:443',
        'postern.example',
      ] as const
    ).map((publicOrigin): [string, Fields, string] => [
      `the public origin ${publicOrigin}`,
      config({ publicOrigin }),
      `publicOrigin: ${ORIGIN}, found "${publicOrigin}"`,
    ]),
    [
      'a password in a URL, which is not repeated',
      config({ publicOrigin: 'https://admin:hunter2@postern.example' }),
      `publicOrigin: ${ORIGIN}, found "https://[redacted]@postern.example"`,
    ],
    [
      'a port beyond the last',
      config({ listen: listen({ public: { host: '127.0.0.1', port: 65_536 } }) }),
      'listen.public.port: expected a port from 0 to 65535; 0 takes a free one, found 65536',
    ],
    [
      'a port that is text',
      config({ listen: listen({ public: { host: '127.0.0.1', port: '8080' } }) }),
      'listen.public.port: expected a port from 0 to 65535; 0 takes a free one, found "8080"',
    ],
    [
      'two listeners on one port',
      config({ listen: listen({ admin: { host: '127.0.0.1', port: 8080 } }) }),
      'listen.admin: is listen.public already: take another port',
    ],
    ...['10.0.0.0/33', '10.0.0', 'fd00::/129', 'any', '10.0.0.0/08'].map(
      (range): [string, Fields, string] => [
        `the trusted proxy ${range}`,
        config({ trustedProxies: [range] }),
        `trustedProxies[0]: expected an address or a range of addresses such as 10.0.0.0/8, found "${range}"`,
      ],
    ),
    [
      'an unknown setting near a known one',
      config({ trustedProxy: [] }),
      'trustedProxy: unknown setting: expected one of environment, publicOrigin, deployment, listen, trustedProxies, grants, issuers, resources.',
    ],
    [
      'an unknown setting inside a list',
      inResource({ call: { timeOut: '30s' } }),
      'resources[0].call.timeOut: unknown setting: expected one of timeout, connectTimeout, headersTimeout, idleTimeout, maxRequestBytes, maxResponseBytes, maxConcurrency, audit. Did you mean "timeout"?',
    ],
    [
      'an unknown setting of one injector',
      inResource({ inject: { as: 'bearer', value: 'apiKey', values: 'x' } }),
      'resources[0].inject.values: unknown setting: expected one of as, value. Did you mean "value"?',
    ],
    [
      'no issuer',
      config({ issuers: [] }),
      'issuers: expected at least one issuer, found an empty list',
    ],
    [
      'issuers that are no list',
      config({ issuers: { id: 'k8s' } }),
      'issuers: expected a list, found a mapping of id',
    ],
    [
      'an issuer id twice',
      config({ issuers: [issuer(), issuer({ issuer: 'https://other.example' })] }),
      'issuers[1].id: "k8s" is that of issuers[0] already',
    ],
    [
      'an issuer twice',
      config({ issuers: [issuer(), issuer({ id: 'other' })] }),
      'issuers[1].issuer: "https://k8s.example" is that of issuers[0] already',
    ],
    ...['spiffe', 'introspection'].map((kind): [string, Fields, string] => [
      `an issuer of kind ${kind}`,
      inIssuer({ kind }),
      `issuers[0].kind: "${kind}" ${NOT_YET}: expected oidc, found "${kind}"`,
    ]),
    [
      'an issuer of no kind',
      inIssuer({ kind: 'saml' }),
      'issuers[0].kind: expected oidc, found "saml"',
    ],
    [
      'keys of an issuer from nowhere',
      inIssuer({ keys: { jwksUrl: 'https://k8s.example/keys' } }),
      `issuers[0].keys: ${KEYS}, found a mapping of jwksUrl`,
    ],
    [
      'keys over a plain network',
      inIssuer({ keys: { jwksUri: 'http://k8s.example/keys' } }),
      `issuers[0].keys: ${KEYS}, found a mapping of jwksUri`,
    ],
    [
      'discovery over a plain network',
      inIssuer({ issuer: 'http://k8s.example' }),
      `issuers[0].keys.discovery: ${DISCOVERY}`,
    ],
    ...['HS256', 'none', 'es256'].map((algorithm): [string, Fields, string] => [
      `the algorithm ${algorithm}`,
      inIssuer({ algorithms: ['ES256', algorithm] }),
      `issuers[0].algorithms[1]: expected one of ${ALGORITHMS}, found "${algorithm}"`,
    ]),
    [
      'no algorithm',
      inIssuer({ algorithms: [] }),
      'issuers[0].algorithms: expected at least one algorithm, found an empty list',
    ],
    ...['twice', 'bounded:0', 'bounded:', 'bounded:1.5', 'Once'].map(
      (tokenUse): [string, Fields, string] => [
        `tokenUse ${tokenUse}`,
        inIssuer({ tokenUse }),
        `issuers[0].tokenUse: expected once, bounded:<n> with 1 to 99999, or reusable, found "${tokenUse}"`,
      ],
    ),
    [
      'a clock skew beyond 60s',
      inIssuer({ clockSkew: '61s' }),
      'issuers[0].clockSkew: expected 0s to 60s, found "61s"',
    ],
    ...['1 h', '01h', '1.5h', '-1h', 'h', '1w', ''].map((maxAge): [string, Fields, string] => [
      `the duration "${maxAge}"`,
      inIssuer({ maxAge }),
      `issuers[0].maxAge: ${DURATION}, found "${maxAge}"`,
    ]),
    [
      'a duration without a unit',
      inIssuer({ maxAge: 600 }),
      `issuers[0].maxAge: ${DURATION}, found 600`,
    ],
    [
      'no longest life of tokens',
      inIssuer({ maxLifetime: '0s' }),
      'issuers[0].maxLifetime: expected 1s to 366d, found "0s"',
    ],
    ...['2027-02-30', '31.03.2027', '2027-03-31T00:00:00Z'].map(
      (reviewBy): [string, Fields, string] => [
        `the review day ${reviewBy}`,
        inIssuer({ reviewBy }),
        `issuers[0].reviewBy: expected a day such as 2027-03-31, found "${reviewBy}"`,
      ],
    ),
    [
      'no review day',
      inIssuer({ reviewBy: undefined }),
      'issuers[0].reviewBy: is missing: expected a day such as 2027-03-31',
    ],
    [
      'no owner',
      inIssuer({ owner: '' }),
      'issuers[0].owner: expected text, and it is empty, found ""',
    ],
    [
      'the reserved resource',
      inResource({ id: 'postern' }),
      'resources[0].id: expected another id: this one is reserved, found "postern"',
    ],
    ...['Ledger', 'ledger.v2', '-ledger', 'a'.repeat(64)].map((id): [string, Fields, string] => [
      `the resource id ${id}`,
      inResource({ id }),
      `resources[0].id: ${ID}, found "${id}"`,
    ]),
    [
      'a resource id twice',
      config({ resources: [resource(), resource()] }),
      'resources[1].id: "ledger" is that of resources[0] already',
    ],
    [
      'a resource of another environment',
      inResource({ environment: 'staging' }),
      'resources[0].environment: "staging" is not the environment of this deployment, "prod": a deployment serves one',
    ],
    [
      'a connector of a later version',
      inResource({ connector: 'postgres' }),
      `resources[0].connector: "postgres" ${NOT_YET}: expected http, found "postgres"`,
    ],
    ...[
      'cookie',
      'form-login',
      'digest',
      'client-certificate',
      'oauth2-client-credentials',
      'hmac',
      'aws-sigv4',
      'soap-username-token',
      'body-field',
    ].map((as): [string, Fields, string] => [
      `the injector ${as}`,
      inResource({ inject: { as, field: 'x' } }),
      `resources[0].inject.as: "${as}" ${NOT_YET}: ${INJECT}, found "${as}"`,
    ]),
    [
      'an injector that there is not',
      inResource({ inject: { as: 'basik' } }),
      `resources[0].inject.as: ${INJECT}, found "basik"`,
    ],
    ['no injector', inResource({ inject: {} }), `resources[0].inject.as: is missing: ${INJECT}`],
    ...['dpop', 'basic'].map((presentation): [string, Fields, string] => [
      `the presentation ${presentation}`,
      inResource({ presentations: ['bearer', presentation] }),
      `resources[0].presentations[1]: "${presentation}" ${NOT_YET}: expected bearer, found "${presentation}"`,
    ]),
    ...['dpop', 'mtls', 'any'].map((binding): [string, Fields, string] => [
      `the binding ${binding}`,
      inResource({ handle: { binding } }),
      `resources[0].handle.binding: "${binding}" ${NOT_YET}: expected none, found "${binding}"`,
    ]),
    [
      'a handle that lives longer than its longest life',
      inResource({ handle: { ttl: '20m', maxTtl: '15m' } }),
      'resources[0].handle.ttl: expected no more than maxTtl, found "20m"',
    ],
    [
      'a handle that lives longer than an hour',
      inResource({ handle: { maxTtl: '61m' } }),
      'resources[0].handle.maxTtl: expected 1s to 1h, found "61m"',
    ],
    [
      'no calls',
      inResource({ handle: { maxCalls: 0 } }),
      'resources[0].handle.maxCalls: expected at least 1, found 0',
    ],
    [
      'half a call',
      inResource({ handle: { maxCalls: 1.5 } }),
      'resources[0].handle.maxCalls: expected a whole number, found 1.5',
    ],
    ...['10MB', '10 MiB', '0B', 'Unlimited'].map((maxRequestBytes): [string, Fields, string] => [
      `the size ${maxRequestBytes}`,
      inResource({ call: { maxRequestBytes } }),
      `resources[0].call.maxRequestBytes: expected a size such as 512B, 64KiB, 10MiB or 1GiB, or unlimited, found "${maxRequestBytes}"`,
    ]),
    [
      'scrub: off without a why',
      inResource({ response: { scrub: 'off' } }),
      'resources[0].response.scrub: expected stream, buffer or { off: "<why the answer may come back unscrubbed>" }, found "off"',
    ],
    [
      'a whole answer held in memory without a limit',
      inResource({ response: { scrub: 'buffer' } }),
      'resources[0].call.maxResponseBytes: is missing: expected a size such as 10MiB, since scrub: buffer holds the whole answer in memory',
    ],
    [
      'TLS settings of a destination without TLS',
      inResource({ destination: 'http://ledger.internal', tls: { serverName: 'ledger' } }),
      'resources[0].tls: expected none: the destination is not https, found a mapping of serverName',
    ],
    ...[
      ['with userinfo', 'https://user:hunter2@ledger', '"https://[redacted]@ledger"'],
      ['with a query', 'https://ledger/?a=1', '"https://ledger/?a=1"'],
      ['of another scheme', 'ftp://ledger', '"ftp://ledger"'],
    ].map(([how = '', destination = '', found = '']): [string, Fields, string] => [
      `a destination ${how}`,
      inResource({ destination }),
      `resources[0].destination: expected an http or https URL without userinfo, query or fragment, found ${found}`,
    ]),
    [
      'a scope name with a space',
      inResource({ scopes: { 'ledger read': ['GET /'] } }),
      'resources[0].scopes["ledger read"]: expected a scope name such as ledger.read, found "ledger read"',
    ],
    [
      'a scope of nothing',
      inResource({ scopes: { 'ledger.read': [] } }),
      'resources[0].scopes["ledger.read"]: expected at least one operation, found an empty list',
    ],
    [
      'a secret where its place is expected',
      inResource({ credential: { ref: { mount: 'secret', path: 'x', password: 'hunter2' } } }),
      'resources[0].credential.ref.password: unknown setting: expected one of mount, path.',
    ],
  ])('%s', async (_, written, line) => {
    expect(await problemsIn(written)).toEqual([line]);
  });

  it('and all problems at once, whatever their kind', async () => {
    const written = config({
      colour: 'red',
      environment: 'PROD',
      issuers: [issuer({ kind: 'spiffe' }), issuer({ clockSkew: '2m' })],
      resources: [resource({ id: 'postern', environment: 'staging' })],
    });
    const paths = (await problemsIn(written)).map((line) => line.split(': ')[0]);
    expect(paths.sort()).toEqual([
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
    [
      'a key twice',
      'environment: prod\nenvironment: dev',
      /^line 2, column 1: Map keys must be unique$/,
    ],
    [
      'a second document',
      'a: 1\n---\nb: 2',
      /^line 2, column 1: a second document begins: expected one$/,
    ],
    ['an alias', 'a: &x 1\nb: *x', /^line 1, column 7: anchors and aliases are not accepted/],
    [
      'a tag',
      'a: !!binary aGk=',
      /^line 1, column \d+: tags \(!!binary, !custom\) are not accepted/,
    ],
    ['another YAML version', '%YAML 1.1\n---\na: yes', /^line \d+, column \d+: directives/],
    ['a key that is a number', '1: a', /^line 1, column 1: keys must be text: put it into quotes$/],
    ['the prototype as a key', '__proto__: {}', /^line 1, column 1: __proto__ cannot be a key$/],
    ['nothing', '', /^expected a mapping, found nothing$/],
    ['a text', 'hello', /^expected a mapping, found "hello"$/],
    ['brackets without end', '['.repeat(100_000), /nested too deeply/],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), /^is not UTF-8$/],
    ['more than a mebibyte', `# ${'x'.repeat(1024 * 1024)}`, /^is larger than 1 MiB$/],
  ])('%s is refused with its place', async (_, text, line) => {
    expect((await problems(text))[0]).toMatch(line);
  });

  it('that is absent is named with what to do', () => {
    const absent = join(folder, 'absent.yaml');
    const load = (): unknown => loadConfig(absent);
    expect(load).toThrow(
      `${absent}: cannot be read (ENOENT): set POSTERN_CONFIG to the file, or start where postern.yaml lies`,
    );
  });

  it('that is a folder is refused', () => {
    expect(() => loadConfig(folder)).toThrow(`${folder}: is not a file`);
  });
});
