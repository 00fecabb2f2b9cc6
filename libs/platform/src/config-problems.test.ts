import {
  ConfigFolder,
  writtenConfig,
  type WrittenConfig,
  writtenIssuer,
  writtenResource,
} from './written-config.fixture.js';

type Break = (config: WrittenConfig) => unknown;
type Entry = Record<string, unknown>;

const issuer =
  (change: Entry): Break =>
  ({ issuers }) =>
    Object.assign(issuers[0] ?? {}, change);
const resource =
  (change: Entry): Break =>
  ({ resources }) =>
    Object.assign(resources[0] ?? {}, change);
const root =
  (change: Entry): Break =>
  (config) =>
    Object.assign(config, change);
const handle = (change: Entry): Break => resource({ handle: change });
const call = (change: Entry): Break => resource({ call: change });
const inject = (as: string): Break => resource({ inject: { as, username: 'u', password: 'p' } });

const CASES: readonly (readonly [string, Break])[] = [
  ['an unknown key at the top', root({ trustedProxis: [] })],
  ['an unknown key of an issuer', issuer({ algorithm: ['ES256'] })],
  ['an unknown key of a resource', resource({ colour: 'red' })],
  ['an unknown key of inject', resource({ inject: { as: 'bearer', valeu: 'x', value: 'y' } })],
  ['an unknown key of keys', issuer({ keys: { discovery: true, allowPrivat: true } })],
  ['an unknown key of scrub', resource({ response: { scrub: { of: 'why' } } })],
  ['an unknown key of handle', handle({ maxTTL: '5m' })],
  ['an unknown key of tls', resource({ tls: { cafile: 'x' } })],
  ['an unknown key of listen', ({ listen }) => Object.assign(listen, { admn: {} })],
  ['spiffe', issuer({ kind: 'spiffe' })],
  [
    'spiffe as config.md writes it',
    ({ issuers }) => {
      issuers[0] = {
        id: 'mesh',
        kind: 'spiffe',
        trustDomain: 'prod.example',
        bundle: { file: 'x' },
      };
    },
  ],
  ['introspection', issuer({ kind: 'introspection' })],
  ['an unknown kind', issuer({ kind: 'saml' })],
  ['postgres', resource({ connector: 'postgres' })],
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
    'carrier-pigeon',
  ].map((as) => [`inject ${as}`, inject(as)] as const),
  ['inject without as', resource({ inject: { username: 'u' } })],
  ['inject text', resource({ inject: 'basic' })],
  ['inject header without template', resource({ inject: { as: 'header', name: 'x' } })],
  ['presentation dpop', resource({ presentations: ['bearer', 'dpop'] })],
  ['presentation basic', resource({ presentations: ['basic'] })],
  ['binding dpop', handle({ binding: 'dpop' })],
  ['binding mtls', handle({ binding: 'mtls' })],
  ['binding any', handle({ binding: 'any' })],
  ['scrub off', resource({ response: { scrub: 'off' } })],
  ['scrub off yaml bool', resource({ response: { scrub: false } })],
  ['scrub off empty', resource({ response: { scrub: { off: '' } } })],
  ['scrub buffer unlimited', resource({ response: { scrub: 'buffer' } })],
  [
    'two issuers of one id',
    ({ issuers }) => issuers.push({ ...writtenIssuer(), issuer: 'https://o.example' }),
  ],
  ['two issuers of one iss', ({ issuers }) => issuers.push({ ...writtenIssuer(), id: 'other' })],
  ['two resources', ({ resources }) => resources.push(writtenResource())],
  ['foreign environment', resource({ environment: 'dev' })],
  ['reserved', resource({ id: 'postern' })],
  ['skew', issuer({ clockSkew: '61s' })],
  ['skew text', issuer({ clockSkew: '30 seconds' })],
  ['skew number', issuer({ clockSkew: 30 })],
  ['lifetime zero', issuer({ maxLifetime: '0s' })],
  ['HS256', issuer({ algorithms: ['HS256'] })],
  ['none', issuer({ algorithms: ['none'] })],
  ['no algorithm', issuer({ algorithms: [] })],
  ['ttl > maxTtl', handle({ ttl: '10m', maxTtl: '5m' })],
  ['ttl > default', handle({ ttl: '20m' })],
  ['maxTtl too long', handle({ maxTtl: '2h' })],
  ['maxCalls', handle({ maxCalls: 0 })],
  ['maxCalls fraction', handle({ maxCalls: 1.5 })],
  ['maxCalls text', handle({ maxCalls: '5' })],
  ['origin path', root({ publicOrigin: 'https://postern.example/' })],
  ['origin http', root({ publicOrigin: 'http://postern.example' })],
  ['origin case', root({ publicOrigin: 'https://Postern.example' })],
  ['origin default port', root({ publicOrigin: 'https://postern.example:443' })],
  ['origin number', root({ publicOrigin: 5 })],
  ['port', ({ listen }) => (listen['admin'] = { host: '::1', port: 70000 })],
  ['port fraction', ({ listen }) => (listen['admin'] = { host: '::1', port: 1.5 })],
  ['host missing', ({ listen }) => (listen['admin'] = { port: 1 })],
  ['same listener', ({ listen }) => (listen['admin'] = listen['public'])],
  [
    'same listener in an app',
    ({ listen }) =>
      (listen['sts'] = { public: { host: 'a', port: 9 }, admin: { host: 'a', port: 9 } }),
  ],
  ['cidr', root({ trustedProxies: ['10.0.0.0/33'] })],
  ['keys two', issuer({ keys: { discovery: true, file: 'x' } })],
  ['keys false', issuer({ keys: { discovery: false } })],
  ['keys http', issuer({ keys: { jwksUri: 'http://idp.example/jwks' } })],
  ['keys empty', issuer({ keys: {} })],
  ['keys plain discovery', issuer({ issuer: 'http://idp.example' })],
  ['issuer userinfo', issuer({ issuer: 'https://user:hunter2@idp.example' })],
  ['tokenUse', issuer({ tokenUse: 'bounded:0' })],
  ['reviewBy', issuer({ reviewBy: '2027-02-30' })],
  ['reviewBy missing', ({ issuers }) => delete issuers[0]?.['reviewBy']],
  ['destination', resource({ destination: 'ftp://ledger' })],
  ['destination query', resource({ destination: 'http://l/?a=1' })],
  ['tls on http', resource({ destination: 'http://l', tls: {} })],
  ['scope name', resource({ scopes: { 'Ledger Read': ['GET /a'] } })],
  ['scope empty', resource({ scopes: { 'ledger.read': [] } })],
  ['scopes none', resource({ scopes: {} })],
  ['scope text', resource({ scopes: { 'ledger.read': 'GET /a' } })],
  ['timeout', call({ timeout: 30 })],
  ['size', call({ maxRequestBytes: '10MB' })],
  ['audit', call({ audit: 'none' })],
  ['no issuers', root({ issuers: [] })],
  ['no resources', root({ resources: [] })],
  ['environment', root({ environment: 'Prod' })],
  [
    'missing all',
    (config) => {
      for (const name of Object.keys(config)) delete config[name];
      config['x'] = 1;
    },
  ],
  ['null resource', root({ resources: [null] })],
  ['secret inline', resource({ credential: { ref: 'hunter2-hunter2-' + 'x'.repeat(200) } })],
  ['secret inline map', resource({ credential: { username: 'admin', password: 'hunter2' } })],
  ['control char', resource({ owner: 'a\nb' })],
  ['types', issuer({ types: [] })],
  ['__proto__', issuer({ requiredClaims: { a: Number.NaN } })],
  ['subjects', issuer({ subjects: 'robot' })],
];
it('probe', () => {
  const folder = new ConfigFolder();
  const out: string[] = [];
  for (const [name, change] of CASES) {
    const config = writtenConfig();
    change(config);
    let lines: unknown;
    try {
      lines = folder.problemsOf(config);
    } catch (e) {
      lines = ['!!! ' + String(e) + String((e as Error).cause)];
    }
    out.push(name + '\n' + (lines as string[]).map((l) => '    ' + l).join('\n'));
  }
  for (const text of [
    '',
    '---\n',
    '# only\n',
    '[]',
    'text',
    '5',
    'null',
    'a: [',
    'a: 1\na: 2\n',
    'a: &x 1\nb: *x\n',
    'a: !!binary aGk=\n',
    '%YAML 1.1\n---\na: yes\n',
    'a: 1\n---\nb: 2\n',
    '? [a]\n: 1\n',
    '1: 2\n',
    '__proto__: 1\n',
    'a:\n\t- b\n',
    '"a',
    '[['.repeat(50000),
    'environment: {'.repeat(5000),
    '<<: {a: 1}\n',
    'a: "\\u0000"',
    'a: *b\n',
    new Uint8Array([0xff, 0xfe, 0x61]),
    'x'.repeat(1024 * 1024 + 1),
    '\ufeffenvironment: prod\n',
  ]) {
    let lines: unknown;
    try {
      lines = folder.problemsOf(text);
    } catch (e) {
      lines = ['!!! ' + String(e) + String((e as Error).cause)];
    }
    out.push(
      JSON.stringify(String(text).slice(0, 30)) +
        '\n' +
        (lines as string[])
          .map((l) => '    ' + l.slice(0, 220))
          .slice(0, 4)
          .join('\n'),
    );
  }
  process.stdout.write(out.join('\n'));
});
