import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load-config.js';
import { type PosternConfig } from './postern-config.js';

type Fields = Record<string, unknown>;
type Config = Fields & { issuers: Fields[]; resources: Fields[] };

const least = (): Config =>
  parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as Config;

const issuer = (changes: Fields = {}): Fields => ({ ...least().issuers[0], ...changes });
const resource = (changes: Fields = {}): Fields => ({ ...least().resources[0], ...changes });
const config = (changes: Fields = {}): Fields => ({ ...least(), ...changes });
const listen = (changes: Fields = {}): Fields => ({
  public: { host: '127.0.0.1', port: 8080 },
  admin: { host: '127.0.0.1', port: 8081 },
  ...changes,
});

const folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function load(written: Fields): PosternConfig {
  writeFileSync(file, stringify(written));
  return loadConfig(file);
}

describe('postern.yaml', () => {
  it('is accepted with the least that it must say, and the rest gets its defaults', () => {
    expect(load(config())).toEqual({
      file,
      environment: 'prod',
      publicOrigin: 'https://postern.example',
      deployment: 'postern',
      listen: listen(),
      trustedProxies: [],
      clientCertificateHeader: undefined,
      dpop: { nonces: 'required' },
      prober: { kind: 'on', everySeconds: 300 },
      evidence: { outboxBytesMax: 21_474_836_480, strictGraceSeconds: 900 },
      detection: {
        rules: {},
        zones: {},
        scanners: [],
        environmentGroups: [],
        environmentOrder: ['dev', 'test', 'staging', 'prod'],
        responseBudget: 20,
        streamRules: 'postgres',
        permitted: [],
        sensitive: [],
        unusedGrants: {},
        keepSeconds: 1_209_600,
      },
      rotator: { intakeKey: { mount: 'secret', path: 'postern/rotator-intake' } },
      grantsFolder: join(folder, 'grants'),
      issuers: [
        {
          id: 'k8s',
          kind: 'oidc',
          issuer: 'https://k8s.example',
          keys: { kind: 'discovery', refreshSeconds: 300 },
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
      signals: [],
      leakReports: [],
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
          allow: {},
          justified: [],
          handle: {
            ttlSeconds: 300,
            maxTtlSeconds: 900,
            maxCalls: 1000,
            concurrencyMax: 64,
            binding: 'none',
          },
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
    expect(loaded.issuers[0]).toMatchObject({
      keys: { kind: 'file', path: join(folder, 'keys/jwks.json') },
    });
    expect(loaded.resources[0]?.tls).toEqual({
      caFile: join(folder, 'ca.pem'),
      serverName: 'ledger',
    });
  });

  it('counts the files of a listener from its own folder, and asks nobody for a certificate', () => {
    const tls = { certificateFile: 'tls/server.pem', keyFile: '/run/keys/server.key' };
    const address = { host: '127.0.0.1', port: 8443 };
    const absolute = { ...tls, certificateFile: join(folder, 'tls/server.pem') };
    const loaded = load(config({ listen: listen({ public: { ...address, tls } }) })).listen;
    expect(loaded.public).toEqual({ ...address, tls: { ...absolute, clientCertificates: 'off' } });
    expect(loaded.admin).not.toHaveProperty('tls');
    const asking = { ...tls, clientCertificates: 'request' };
    const asked = load(config({ listen: listen({ public: { ...address, tls: asking } }) })).listen;
    expect(asked.public.tls).toEqual({ ...absolute, clientCertificates: 'request' });
  });

  it('C-05: names no header in which a certificate is believed, unless it says so', () => {
    expect(load(config()).clientCertificateHeader).toBeUndefined();
    const changes = { trustedProxies: ['10.0.0.1'], clientCertificateHeader: 'client-cert' };
    expect(load(config(changes)).clientCertificateHeader).toBe('client-cert');
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
    [
      {
        as: 'oauth2-client-credentials',
        tokenEndpoint: 'https://login.example/token',
        clientId: 'id',
        clientSecret: 'secret',
        scope: 'a b',
      },
      {
        kind: 'oauth2-client-credentials',
        tokenEndpoint: 'https://login.example/token',
        allowPrivate: false,
        authentication: 'client_secret_basic',
        clientId: 'id',
        clientSecret: 'secret',
        scope: 'a b',
      },
    ],
    [
      {
        as: 'form-login',
        username: 'u',
        password: 'p',
        login: {
          page: 'GET /login',
          submit: 'POST /session?x=1',
          usernameParameter: 'user',
          passwordParameter: 'pass',
        },
        success: { status: 303, cookie: 'sid' },
        expired: { location: '/login' },
        logout: 'POST /logout',
      },
      {
        kind: 'form-login',
        username: 'u',
        password: 'p',
        login: {
          page: '/login',
          submit: '/session?x=1',
          usernameParameter: 'user',
          passwordParameter: 'pass',
          extra: {},
        },
        success: { status: 303, cookie: 'sid' },
        expired: { location: '/login' },
        logout: { method: 'POST', path: '/logout' },
      },
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
