import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { IssuerKeySource } from '#adapters/issuers';
import { type IssuerRegistration } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, TestIssuer } from '#testing';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('discovery of keys', () => {
  let server: Server;
  let origin: string;
  let documents: Map<string, unknown>;
  let asked: string[];
  let keys: ReturnType<TestIssuer['jwks']>;
  let registered: (issuer: string, overrides?: Partial<IssuerRegistration>) => IssuerRegistration;

  beforeAll(async () => {
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test' });
    keys = issuer.jwks();
    registered = (name, overrides) =>
      issuer.registration({ issuer: name, keys: { kind: 'discovery' }, ...overrides });
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const document = documents.get(request.url ?? '');
      response.writeHead(document === undefined ? 404 : 200).end(JSON.stringify(document));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    documents = new Map<string, unknown>([['/jwks', keys]]);
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const fetched = async (registration: IssuerRegistration) =>
    new IssuerKeySource({ clock: new FixedClock() }).current(registration);
  const refused = async (registration: IssuerRegistration, message: string): Promise<void> => {
    const answered = fetched(registration);
    await expect(answered).rejects.toThrow(DependencyUnavailable);
    await expect(answered).rejects.toThrow(message);
  };

  it('asks the OpenID Connect document of the issuer', async () => {
    documents.set(OPENID, { issuer: origin, jwks_uri: `${origin}/jwks` });
    expect((await fetched(registered(origin))).keys).toEqual(keys.keys);
    expect(asked).toEqual([OPENID, '/jwks']);
  });

  it('else asks the RFC 8414 document', async () => {
    documents.set(OAUTH, { issuer: origin, jwks_uri: `${origin}/jwks` });
    expect((await fetched(registered(origin))).keys).toEqual(keys.keys);
    expect(asked).toEqual([OPENID, OAUTH, '/jwks']);
  });

  it('puts the path of the issuer where each specification wants it', async () => {
    const issuer = `${origin}/realms/one`;
    documents.set(`${OAUTH}/realms/one`, { issuer, jwks_uri: `${origin}/jwks` });
    await expect(fetched(registered(issuer))).resolves.toBeDefined();
    expect(asked).toEqual([`/realms/one${OPENID}`, `${OAUTH}/realms/one`, '/jwks']);
  });

  it('asks an issuer whose name ends in a slash', async () => {
    documents.set(OPENID, { issuer: `${origin}/`, jwks_uri: `${origin}/jwks` });
    await expect(fetched(registered(`${origin}/`))).resolves.toBeDefined();
  });

  it.each([
    ['another issuer', (): unknown => 'https://other.test'],
    ['the issuer with a slash', (): unknown => `${origin}/`],
    ['the issuer in a list', (): unknown => [origin]],
    ['no issuer', (): unknown => undefined],
  ])('believes no document that names %s', async (_what, issuer) => {
    documents.set(OPENID, { issuer: issuer(), jwks_uri: `${origin}/jwks` });
    documents.set(OAUTH, { issuer: origin, jwks_uri: `${origin}/jwks` });
    await refused(registered(origin), 'document of another issuer');
    expect(asked).toEqual([OPENID]);
  });

  it.each([
    ['plain text elsewhere', 'http://keys.example/jwks', 'not https'],
    ['plain text on a private network', 'http://10.0.0.1/jwks', 'not https'],
    [
      'a host that only begins like loopback',
      'http://127.0.0.1.attacker.example/jwks',
      'not https',
    ],
    ['the metadata service', 'https://169.254.169.254/jwks', 'must not be contacted'],
    ['a file', 'file:///etc/passwd', 'not https'],
    ['a relative address', '/jwks', 'not https'],
    ['a password', 'https://a:b@idp.test/jwks', 'user name or password'],
    ['nothing', undefined, 'names no jwks_uri'],
    ['a list', ['https://idp.test/jwks'], 'names no jwks_uri'],
  ])('refuses a jwks_uri that is %s', async (_what, address, message) => {
    documents.set(OPENID, { issuer: origin, jwks_uri: address });
    await refused(registered(origin), message);
    expect(asked).toEqual([OPENID]);
  });

  it('refuses when neither document exists', async () => {
    await refused(registered(origin), 'serves no discovery document');
  });

  it.each(['not a url', 'https://idp.test/?a=b', 'https://idp.test/#a', 'https://idp.test?'])(
    'cannot be had of an issuer named %p',
    async (issuer) => {
      await refused(registered(issuer), 'not a URL without query and fragment');
    },
  );

  it('asks no loopback issuer unless the registration permits it', async () => {
    documents.set(OPENID, { issuer: origin, jwks_uri: `${origin}/jwks` });
    await refused(registered(origin, { allowPrivateKeyEndpoint: false }), 'not https');
    expect(asked).toEqual([]);
  });
});
