import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { IssuerKeySource } from '#adapters/issuers';
import { type IssuerRegistration } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, TestIssuer } from '#testing';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('a key endpoint that does what it must not', () => {
  let server: Server;
  let origin: string;
  let answer: Answer;
  let asked: string[];
  let issuer: TestIssuer;
  let source: IssuerKeySource;
  let clock: FixedClock;
  let problems: string[];

  beforeAll(async () => {
    issuer = await TestIssuer.create({ issuer: 'https://idp.test' });
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    problems = [];
    clock = new FixedClock();
    source = new IssuerKeySource({ clock, onProblem: (message) => problems.push(message) });
    answer = serveKeys;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const serveKeys: Answer = (_request, response) => response.end(JSON.stringify(issuer.jwks()));
  const at = (uri: string, overrides: Partial<IssuerRegistration> = {}): IssuerRegistration =>
    issuer.registration({ keys: { kind: 'uri', uri }, ...overrides });
  const registered = (): IssuerRegistration => at(`${origin}/jwks`);
  const refused = async (registration: IssuerRegistration, message: RegExp): Promise<void> => {
    const answered = source.current(registration);
    await expect(answered).rejects.toThrow(DependencyUnavailable);
    await expect(answered).rejects.toThrow(message);
  };

  it('is believed while it does what it must', async () => {
    expect((await source.current(registered())).keys).toEqual(issuer.jwks().keys);
    expect(asked).toEqual(['/jwks']);
  });

  it.each([301, 302, 303, 307, 308])('J-31 redirects (%i): nobody follows', async (status) => {
    answer = (request, response) => {
      if (request.url === '/elsewhere') serveKeys(request, response);
      else response.writeHead(status, { location: `${origin}/elsewhere` }).end();
    };
    await refused(registered(), /redirects, which is refused/);
    expect(asked).toEqual(['/jwks']);
  });

  it('J-31 redirects to the metadata service: nobody follows', async () => {
    answer = (_request, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    await refused(registered(), /redirects, which is refused/);
  });

  it('J-31 sends 10 MB', async () => {
    answer = (_request, response) => response.end(Buffer.alloc(10 * 1024 * 1024, ' '));
    await refused(registered(), /too large/);
  });

  it('J-31 sends without end and without a length', async () => {
    let sent = 0;
    answer = (_request, response) => {
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = (): void => {
        if (response.destroyed) return;
        sent += chunk.length;
        response.write(chunk, () => setImmediate(more));
      };
      more();
    };
    await refused(registered(), /too large/);
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });

  it.each([
    ['HTML', '<!doctype html><title>Sign in</title>'],
    ['nothing', ''],
    ['a list', '[]'],
    ['an object without keys', '{}'],
    ['keys that are no list', '{"keys":{}}'],
    ['a key that is no object', '{"keys":["key"]}'],
    ['keys twice', '{"keys":[],"keys":[]}'],
    ['half a document', '{"keys":['],
    ['one key id twice', '{"keys":[{"kid":"a"},{"kid":"a"}]}'],
    ['a compressed document', gzipSync('{"keys":[]}')],
  ])('J-31 sends %s', async (_what, body) => {
    answer = (_request, response) => response.end(body);
    await refused(registered(), /keys of issuer test-issuer cannot be had/);
  });

  it.each([204, 206, 400, 401, 403, 404, 429, 500, 502, 503])(
    'J-31 answers %i, even with keys',
    async (status) => {
      answer = (_request, response) =>
        response.writeHead(status).end(status === 204 ? undefined : JSON.stringify(issuer.jwks()));
      await refused(registered(), new RegExp(`answers ${status}`));
    },
  );

  it('J-31 never answers, or a byte at a time: it is given up after five seconds', async () => {
    answer = (request, response) => {
      if (request.url === '/silent') return;
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    };
    const started = performance.now();
    // Both at once, each by a source of its own: what they have in common is the time that this test waits.
    const silent = refused(at(`${origin}/silent`), /no answer within 5000 ms/);
    source = new IssuerKeySource({ clock, onProblem: (message) => problems.push(message) });
    const dripping = refused(at(`${origin}/dripping`), /no answer within 5000 ms/);
    await Promise.all([silent, dripping]);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(asked.sort()).toEqual(['/dripping', '/silent']);
  });

  it('J-31 closes the connection', async () => {
    answer = (request) => request.socket.destroy();
    await refused(registered(), /gave no document/);
  });

  it('J-28 names a key id twice: the last good set stays, and somebody is told', async () => {
    await source.current(registered());
    answer = (_request, response) => response.end('{"keys":[{"kid":"a"},{"kid":"a"}]}');
    clock.advance(400);
    expect((await source.current(registered())).keys).toEqual(issuer.jwks().keys);
    expect(problems).toEqual([expect.stringMatching(/same "kid".*last good set is used/)]);
    clock.advance(3600);
    await refused(registered(), /same "kid"/);
  });

  it('J-30 is flooded with unknown key ids: it sees one request more', async () => {
    await source.current(registered());
    await Promise.all(Array.from({ length: 1000 }, () => source.refetch(registered())));
    expect(asked).toHaveLength(2);
  });

  it('J-30 is down and flooded: it sees one request, and nobody waits for a second', async () => {
    answer = (_request, response) => response.writeHead(503).end();
    const all = Array.from({ length: 200 }, () => source.current(registered()).catch(() => 'no'));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['no']));
    await refused(registered(), /answers 503/);
    expect(asked).toHaveLength(1);
  });

  it('J-31 is slow to renew: callers get the last good set at once', async () => {
    const first = await source.current(registered());
    const renewal = new Promise<void>((resolve) => (answer = () => resolve()));
    clock.advance(250);
    const started = performance.now();
    const sets = await Promise.all(Array.from({ length: 100 }, () => source.current(registered())));
    expect(performance.now() - started).toBeLessThan(4_500);
    expect(new Set(sets)).toEqual(new Set([first]));
    await renewal;
  });

  it('keeps the same list of keys while the document stays the same', async () => {
    const first = await source.current(registered());
    clock.advance(400);
    const later = await source.current(registered());
    expect(asked).toHaveLength(2);
    expect(later.keys).toBe(first.keys);
    expect(later.fetchedAt).toEqual(clock.now());
  });

  it('J-29 never mixes the keys of two issuers', async () => {
    const other = await TestIssuer.create({ issuer: 'https://other.test' });
    answer = (request, response) =>
      response.end(JSON.stringify(request.url === '/other' ? other.jwks() : issuer.jwks()));
    const otherRegistration = other.registration({ keys: { kind: 'uri', uri: `${origin}/other` } });
    expect((await source.current(otherRegistration)).keys).toEqual(other.jwks().keys);
    expect((await source.current(registered())).keys).toEqual(issuer.jwks().keys);
  });

  describe('J-31 where it must not be', () => {
    const withoutPrivate = { allowPrivateKeyEndpoint: false };

    it.each([
      ['http://169.254.169.254/jwks', /must not be contacted/],
      ['https://169.254.169.254/jwks', /must not be contacted/],
      ['http://[fe80::1]/jwks', /must not be contacted/],
      ['http://[::ffff:169.254.169.254]/jwks', /must not be contacted/],
      ['http://2852039166/jwks', /must not be contacted/],
      ['http://0xa9fea9fe/jwks', /must not be contacted/],
      ['http://0.0.0.0/jwks', /must not be contacted/],
      ['http://8.8.8.8/jwks', /must not be contacted/],
      ['https://user:secret@idp.test/jwks', /user name or password/],
      ['file:///etc/passwd', /not https/],
      ['data:application/json,{"keys":[]}', /not https/],
      ['jwks.json', /not a URL/],
    ])('%s is refused whatever the registration permits', async (uri, message) => {
      await refused(at(uri), message);
    });

    it.each([
      ['https://127.0.0.1/jwks', /must not be contacted/],
      ['https://10.0.0.1/jwks', /must not be contacted/],
      ['https://[::1]/jwks', /must not be contacted/],
      ['https://localhost/jwks', /must not be contacted/],
      ['http://idp.test/jwks', /not https/],
    ])('%s is refused unless the registration permits it', async (uri, message) => {
      await refused(at(uri, withoutPrivate), message);
    });

    it('its own loopback address is refused unless the registration permits it', async () => {
      await refused(at(`${origin}/jwks`, withoutPrivate), /not https/);
      expect(asked).toEqual([]);
    });

    it('a name that resolves to loopback is asked when the registration permits it', async () => {
      const named = origin.replace('127.0.0.1', 'localhost');
      await expect(source.current(at(`${named}/jwks`))).resolves.toBeDefined();
    });
  });
});
