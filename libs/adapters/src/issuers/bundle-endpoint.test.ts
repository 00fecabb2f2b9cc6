import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { setImmediate as settled } from 'node:timers/promises';
import { IssuerKeySource } from '#adapters/issuers';
import { type IssuerRegistration, type KeySet } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, TestCertificate, TestTrustDomain } from '#testing';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('the bundle endpoint of a trust domain', () => {
  let server: Server;
  let authority: TestCertificate;
  let domain: TestTrustDomain;
  let clock: FixedClock;
  let source: IssuerKeySource;
  let asked: string[];
  let problems: string[];
  let bundle: Record<string, unknown>;
  let answer: Answer;

  beforeAll(async () => {
    authority = await TestCertificate.selfSigned({ subject: 'CN=web authority' });
    const { pem, keyPem } = await authority.issue({ dnsNames: ['localhost'], authority: false });
    server = createServer({ cert: pem, key: keyPem }, (request, response) => {
      asked.push(request.url ?? '');
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    domain = await TestTrustDomain.create('prod.example', new FixedClock());
  });
  beforeEach(() => {
    asked = [];
    problems = [];
    clock = new FixedClock();
    source = new IssuerKeySource({
      clock,
      onProblem: (message) => problems.push(message),
      certificateAuthorities: authority.pem,
    });
    bundle = { keys: domain.bundleKeys() };
    answer = (_request, response) => response.end(JSON.stringify(bundle));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const address = (): string =>
    `https://localhost:${(server.address() as AddressInfo).port}/bundle`;
  const at = (uri: string, overrides: Partial<IssuerRegistration> = {}): IssuerRegistration =>
    domain.registration({ id: 'mesh', keys: { kind: 'uri', uri }, ...overrides });
  const current = (): Promise<KeySet> => source.current(at(address()));
  const keyIds = async (): Promise<readonly unknown[]> =>
    (await current()).keys.map((jwk) => jwk['kid']);
  const down: Answer = (_request, response) => response.writeHead(503).end();

  /** Asks every second as callers would, for so long. */
  async function live(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1);
      await current();
      await settled();
    }
  }

  /** What is known when all that runs in the background has ended: whoever refetches meanwhile waits for it. */
  const settledKeyIds = async (): Promise<readonly unknown[]> => {
    await current();
    return (await source.refetch(at(address()))).keys.map((jwk) => jwk['kid']);
  };

  it('serves keys of JWT-SVIDs and certificates of X509-SVIDs', async () => {
    const certificate = { kty: 'EC', use: 'x509-svid', x5c: [authority.der.toString('base64')] };
    bundle = { keys: [...domain.bundleKeys(), certificate] };
    const set = await current();
    expect(set.keys).toEqual(domain.bundleKeys());
    expect(set.x509Authorities).toEqual([authority.der]);
    expect(asked).toEqual(['/bundle']);
  });

  it('S-09: without keys is believed: nobody is vouched for any more', async () => {
    await keyIds();
    bundle = { keys: [] };
    clock.advance(300);
    expect(await keyIds()).toEqual([]);
    expect(problems).toEqual([]);
  });

  it.each([
    ['no hint: every five minutes', undefined, 300],
    ['a hint within bounds', 600, 600],
    ['a hint of a second: every minute', 1, 60],
    ['a hint of nothing: every minute', 0, 60],
    ['a hint of a day: every hour', 86_400, 3600],
  ])('S-10: is polled by its hint (%s)', async (_what, hint, interval) => {
    bundle = { ...bundle, spiffe_refresh_hint: hint };
    expect(await keyIds()).toEqual(['prod.example-key']);
    bundle = { keys: domain.bundleKeys({ kid: 'second' }) };
    clock.advance(interval * 0.8 - 1);
    expect(await keyIds()).toEqual(['prod.example-key']);
    expect(asked).toHaveLength(1);
    clock.advance(interval * 0.2 + 1);
    expect(await keyIds()).toEqual(['second']);
    expect(asked).toHaveLength(2);
  });

  it('S-10: is left alone after a poll that failed, until the next interval', async () => {
    await keyIds();
    answer = down;
    clock.advance(300);
    await current();
    expect(asked).toHaveLength(2);
    await live(299);
    for (let call = 0; call < 50; call += 1) await settledKeyIds();
    expect(asked).toHaveLength(2);
    clock.advance(1);
    expect(await settledKeyIds()).toEqual(['prod.example-key']);
    expect(asked).toHaveLength(3);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('S-10: is asked again within half a minute at most once, for a key id that is unknown', async () => {
    await keyIds();
    bundle = { keys: domain.bundleKeys({ kid: 'second' }) };
    const sets = await Promise.all(
      Array.from({ length: 100 }, () => source.refetch(at(address()))),
    );
    expect(sets.at(-1)?.keys).toMatchObject([{ kid: 'second' }]);
    for (let call = 0; call < 100; call += 1) await source.refetch(at(address()));
    expect(asked).toHaveLength(2);
  });

  it('J-31: is refused when the last good bundle is an hour old', async () => {
    await keyIds();
    answer = down;
    clock.advance(3599);
    expect(await keyIds()).toEqual(['prod.example-key']);
    clock.advance(1);
    await expect(current()).rejects.toThrow(DependencyUnavailable);
  });

  it('S-11: is not believed with a lower sequence than before, and somebody is told', async () => {
    bundle = { keys: domain.bundleKeys({ kid: 'new' }), spiffe_sequence: 7 };
    expect(await keyIds()).toEqual(['new']);
    bundle = { keys: domain.bundleKeys({ kid: 'withdrawn' }), spiffe_sequence: 6 };
    clock.advance(300);
    expect(await keyIds()).toEqual(['new']);
    expect(problems).toEqual([expect.stringMatching(/mesh .*sequence 6, and one of 7/)]);
    bundle = { keys: domain.bundleKeys({ kid: 'newer' }), spiffe_sequence: 8 };
    clock.advance(300);
    expect(await settledKeyIds()).toEqual(['newer']);
  });

  it('S-11: is not believed with a lower sequence after one without any', async () => {
    bundle = { keys: domain.bundleKeys({ kid: 'new' }), spiffe_sequence: 7 };
    await keyIds();
    bundle = { keys: domain.bundleKeys({ kid: 'unnumbered' }) };
    clock.advance(300);
    expect(await keyIds()).toEqual(['unnumbered']);
    bundle = { keys: domain.bundleKeys({ kid: 'withdrawn' }), spiffe_sequence: 6 };
    clock.advance(300);
    expect(await keyIds()).toEqual(['unnumbered']);
  });

  it('S-11: is believed with the same sequence', async () => {
    bundle = { keys: domain.bundleKeys({ kid: 'new' }), spiffe_sequence: 7 };
    await keyIds();
    bundle = { keys: domain.bundleKeys({ kid: 'same' }), spiffe_sequence: 7 };
    clock.advance(300);
    expect(await keyIds()).toEqual(['same']);
    expect(problems).toEqual([]);
  });

  const refused = async (registration: IssuerRegistration, message: RegExp): Promise<void> => {
    const answered = source.current(registration);
    await expect(answered).rejects.toThrow(DependencyUnavailable);
    await expect(answered).rejects.toThrow(message);
  };

  it.each(['http://localhost', 'http://127.0.0.1', 'HTTP://localhost', 'ftp://localhost'])(
    'S-12: is not asked without TLS (%s), though a private address may be asked',
    async (origin) => {
      const { port } = server.address() as AddressInfo;
      await refused(at(`${origin}:${port}/bundle`), /is not https/);
      expect(asked).toEqual([]);
    },
  );

  it('S-12: is not asked with a user name or a password', async () => {
    for (const user of ['me@', 'me:pw@', ':pw@']) {
      await refused(at(address().replace('//', `//${user}`)), /user name or password/);
    }
    expect(asked).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('S-12: may not redirect (%i)', async (status) => {
    answer = (request, response) => {
      if (request.url === '/elsewhere') response.end(JSON.stringify(bundle));
      else response.writeHead(status, { location: '/elsewhere' }).end();
    };
    await refused(at(address()), /redirects, which is refused/);
    expect(asked).toEqual(['/bundle']);
  });

  it('S-12: is not believed with a certificate that no web authority vouches for', async () => {
    source = new IssuerKeySource({ clock });
    await refused(at(address()), /gave no document/);
    expect(asked).toEqual([]);
  });

  it('S-12: is not believed with the certificate of another host', async () => {
    await refused(at(address().replace('localhost', '127.0.0.1')), /gave no document/);
    expect(asked).toEqual([]);
  });

  it('J-31: is not asked on a private address, unless that is registered', async () => {
    await refused(at(address(), { allowPrivateKeyEndpoint: false }), /localhost/);
    expect(asked).toEqual([]);
  });

  it.each([
    ['is a JWKS of nothing', '{}'],
    ['is not JSON', 'keys: []'],
    [
      'names a kid twice',
      JSON.stringify({ keys: [1, 2].map(() => ({ use: 'jwt-svid', kty: 'EC', kid: 'a' })) }),
    ],
    ['is larger than 256 KiB', `{"keys":[]}${' '.repeat(256 * 1024)}`],
  ])('is refused when its bundle %s', async (_what, document) => {
    answer = (_request, response) => response.end(document);
    await refused(at(address()), /mesh/);
  });

  it('S-06: serves its own trust domain and no other: bundles are never put together', async () => {
    await keyIds();
    bundle = { keys: domain.bundleKeys({ kid: 'other' }) };
    const other = at(`${address()}?other`, { id: 'other', issuer: 'spiffe://other.example' });
    expect((await source.current(other)).keys).toMatchObject([{ kid: 'other' }]);
    expect(await keyIds()).toEqual(['prod.example-key']);
  });
});
