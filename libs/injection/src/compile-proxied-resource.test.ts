import { ResourceInvalid } from '#policy';
import { aProxiedRegistration, aProxiedResource, aResource, TEST_ORIGIN } from '#testing';
import { compileProxiedResource } from './compile-proxied-resource.js';

describe('compiling a proxied resource', () => {
  it('keeps what policy knows and adds where calls go, what is put on, and the limits', () => {
    expect(aProxiedResource({ destination: 'https://ledger.internal:8443/api' })).toMatchObject({
      id: 'ledger',
      destination: { scheme: 'https', hostname: 'ledger.internal', port: 8443, basePath: '/api' },
      injection: { kind: 'basic' },
      audit: 'strict',
      scrub: 'stream',
      limits: { concurrencyMax: 64 },
    });
  });

  it.each([
    [
      'a header that frames the message',
      { kind: 'header', name: 'Content-Length', template: '{v}' },
    ],
    ['Host', { kind: 'header', name: 'Host', template: '{v}' }],
    ['a header in disguise', { kind: 'header', name: 'Transfer_Encoding', template: '{v}' }],
    ['a header of ours', { kind: 'header', name: 'Postern-Error', template: '{v}' }],
    ['a name that is no token', { kind: 'header', name: 'X Key', template: '{v}' }],
    ['a template without a field', { kind: 'header', name: 'X-Key', template: 'constant' }],
    ['a template with an open brace', { kind: 'header', name: 'X-Key', template: '{v}{' }],
    ['an unprintable parameter', { kind: 'query', name: 'a\nb', value: 'v' }],
  ] as const)('refuses to inject into %s', (_, inject) => {
    expect(() => aProxiedResource({ inject })).toThrow(ResourceInvalid);
  });

  const token = {
    kind: 'oauth2-client-credentials',
    tokenEndpoint: 'https://login.example/token',
    allowPrivate: false,
    authentication: 'client_secret_basic',
    clientId: 'id',
    clientSecret: 'secret',
    scope: 'ledger.read ledger.post',
    audience: 'ledger',
    resource: 'https://ledger.example/',
  } as const;
  it.each([
    ['is no URL', { tokenEndpoint: 'login.example/token' }],
    ['is neither https nor http', { tokenEndpoint: 'file:///token' }],
    ['is without TLS elsewhere', { tokenEndpoint: 'http://10.0.0.1/token', allowPrivate: true }],
    ['is on loopback unsaid', { tokenEndpoint: 'https://127.0.0.1/token' }],
    ['holds a password', { tokenEndpoint: 'https://a:b@login.example/token' }],
    ['is asked for no scope', { scope: 'a  b' }],
    ['is asked for a resource that is no URI', { resource: 'ledger' }],
    ['is asked for an audience in two lines', { audience: 'a\nb' }],
  ] as const)('refuses a token endpoint that %s', (_, overrides) => {
    expect(() => aProxiedResource({ inject: token })).not.toThrow();
    expect(() => aProxiedResource({ inject: { ...token, ...overrides } })).toThrow(ResourceInvalid);
  });

  const none = { status: undefined, location: undefined, cookie: undefined };
  const form = {
    kind: 'form-login',
    username: 'username',
    password: 'password',
    login: {
      page: '/login?next=%2F',
      submit: '/session',
      usernameParameter: 'user',
      passwordParameter: 'pass',
      extra: {},
    },
    success: { ...none, status: 302 },
    expired: { ...none, location: '/login' },
    logout: { method: 'POST', path: '/logout' },
  } as const;
  it.each([
    ['is sent to another host', { login: { ...form.login, submit: '//elsewhere/session' } }],
    ['is sent to a URL', { login: { ...form.login, submit: 'http://elsewhere/session' } }],
    ['is got by dot segments', { login: { ...form.login, page: '/a/%2e%2E/login' } }],
    ['has two lines in a path', { logout: { method: 'GET', path: '/a\r\nx' } }],
    ['has no sign of success', { success: none }],
    ['has no sign of an end', { expired: none }],
    ['has a sign that is no cookie', { expired: { ...none, cookie: 'a b' } }],
  ] as const)('refuses a login form that %s', (_, overrides) => {
    expect(() => aProxiedResource({ inject: form })).not.toThrow();
    expect(() => aProxiedResource({ inject: { ...form, ...overrides } })).toThrow(ResourceInvalid);
  });

  it('reads the certificates that an https destination is verified by', () => {
    const caPem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    const entry = aProxiedRegistration({
      destination: 'https://ledger.internal',
      tls: { caFile: '/etc/ca.pem', serverName: 'ledger' },
    });
    const compile = (readFile?: (path: string) => string) =>
      compileProxiedResource(entry, {
        resource: aResource(),
        publicOrigin: TEST_ORIGIN,
        ...(readFile === undefined ? {} : { readFile }),
      });
    expect(compile(() => caPem).tls).toEqual({ caPem, serverName: 'ledger' });
    expect(() => compile(() => '')).toThrow(/holds no certificate/);
    expect(() => compile()).toThrow(ResourceInvalid);
    expect(() =>
      compile(() => {
        throw Object.assign(new Error('no'), { code: 'ENOENT' });
      }),
    ).toThrow(/cannot be read \(ENOENT\)/);
  });

  it('refuses TLS settings for a destination without TLS', () => {
    expect(() => aProxiedResource({ tls: { serverName: 'ledger' } })).toThrow(ResourceInvalid);
  });

  it('refuses to hold the responses of WebSockets until they are whole', () => {
    const scopes = { 'ledger.read': ['UPGRADE /stream/{id}'] };
    const response = { scrub: 'buffer' } as const;
    expect(() => aProxiedResource({ response }, { scopes })).toThrow(/response\.scrub: buffer/);
    expect(aProxiedResource({ response }).scrub).toBe('buffer');
    expect(aProxiedResource({}, { scopes }).scrub).toBe('stream');
  });

  it('takes no more calls at once than can hold their answers in 256 MiB, where answers are held', () => {
    const { call } = aProxiedRegistration();
    const inFlight = (
      concurrencyMax: number,
      responseBytesMax: number,
      scrub: 'stream' | 'buffer',
    ) =>
      aProxiedResource({
        response: { scrub },
        call: { ...call, concurrencyMax, responseBytesMax },
      }).limits.concurrencyMax;
    expect(inFlight(256, 10 * 1024 * 1024, 'buffer')).toBe(25);
    expect(inFlight(256, Infinity, 'buffer')).toBe(25);
    expect(inFlight(20, Infinity, 'buffer')).toBe(20);
    expect(inFlight(256, 64 * 1024, 'buffer')).toBe(256);
    expect(inFlight(256, Infinity, 'stream')).toBe(256);
  });

  it('refuses a client certificate for a destination without TLS', () => {
    const inject = { kind: 'client-certificate', certificate: 'c', key: 'k' } as const;
    const compile = (destination: string) => () => aProxiedResource({ destination, inject });
    expect(compile('http://ledger.internal')).toThrow(/inject\.as.*https destinations only/);
    expect(compile('https://ledger.internal')).not.toThrow();
  });

  it('reports every problem at once', () => {
    const inject = { kind: 'query', name: '', value: 'v' } as const;
    expect(() => aProxiedResource({ destination: 'http://a@b./c?d', inject })).toThrow(
      /userinfo[\s\S]*dot[\s\S]*inject\.name/,
    );
  });
});
