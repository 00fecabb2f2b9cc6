import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { HttpTokenIntrospector, INTROSPECTIONS_AT_ONCE_MAX } from '#adapters/issuers';
import {
  IntrospectedTokenVerifier,
  type IntrospectionAnswer,
  type IntrospectionDeclaration,
  IssuerRegistry,
  TokenRejected,
} from '#identity';
import { DependencyUnavailable, PosternError, Secret, SystemClock } from '#kernel';
import {
  anIntrospectionAnswer,
  anIntrospectionDeclaration,
  anIntrospectionRegistration,
} from '#testing';

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

const TOKEN = 'opaque-token-7f3a';
const CLIENT_SECRET = 'hunter2-9c41';
const GOSSIP = 'upstream-gossip-5d20';
const clock = new SystemClock();

describe('an introspection endpoint that does what it must not', () => {
  let server: Server;
  let origin: string;
  let answer: Answer;
  let asked: { url: string; method: string; headers: IncomingMessage['headers']; body: string }[];
  let introspector: HttpTokenIntrospector;

  const good: Answer = (_request, response) =>
    response.end(JSON.stringify(anIntrospectionAnswer(clock)));
  const credentials = { clientId: 'postern', clientSecret: Secret.of(CLIENT_SECRET) };

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then(
        (body) => {
          const { url = '', method = '', headers } = request;
          asked.push({ url, method, headers, body });
          answer(request, response);
        },
        () => undefined, // The client went away while it was asking.
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked = [];
    answer = good;
    introspector = new HttpTokenIntrospector({ clientSecretOf: async () => credentials });
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const introspect = (
    declared: Partial<IntrospectionDeclaration> = {},
  ): Promise<IntrospectionAnswer> => {
    const endpoint = `${origin}/introspect`;
    return introspector.introspect(anIntrospectionRegistration({ endpoint, ...declared }), TOKEN);
  };
  const failureOf = async (asking: Promise<unknown>): Promise<PosternError> => {
    const error: unknown = await asking.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PosternError);
    const told = inspect(error, { depth: 20, showHidden: true });
    for (const secret of [TOKEN, CLIENT_SECRET, GOSSIP]) expect(told).not.toContain(secret);
    return error as PosternError;
  };
  const unavailable = async (
    message: RegExp,
    declared: Partial<IntrospectionDeclaration> = {},
  ): Promise<void> => {
    const error = await failureOf(introspect(declared));
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(error.message).toMatch(/^tokens of issuer partner cannot be introspected: /);
    expect(error.message).toMatch(message);
  };

  it('is believed while it does what it must', async () => {
    expect((await introspect()).get('sub')).toBe('workload-1');
  });

  it('I-20: is asked once, by one POST with client credentials, the token in the body only', async () => {
    await introspect();
    expect(asked).toHaveLength(1);
    const { url, method, headers, body } = asked[0]!;
    expect([method, url]).toEqual(['POST', '/introspect']);
    expect([...new URLSearchParams(body)]).toEqual([
      ['token', TOKEN],
      ['token_type_hint', 'access_token'],
    ]);
    const basic = Buffer.from(`postern:${CLIENT_SECRET}`).toString('base64');
    expect(headers).toMatchObject({
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    });
  });

  it('is sent a token of any visible characters as it is', async () => {
    const token = 'a+b&c=d%e"f~g/h';
    const issuer = anIntrospectionRegistration({ endpoint: `${origin}/introspect` });
    await introspector.introspect(issuer, token);
    expect(new URLSearchParams(asked[0]!.body).get('token')).toBe(token);
  });

  it.each([301, 302, 303, 307, 308])('I-20: redirects (%i): nobody follows', async (status) => {
    answer = (request, response) => {
      if (request.url === '/elsewhere') good(request, response);
      else response.writeHead(status, { location: `${origin}/elsewhere?${GOSSIP}` }).end();
    };
    await unavailable(/redirects, which is refused/);
    expect(asked.map(({ url }) => url)).toEqual(['/introspect']);
  });

  it.each([201, 203, 204, 206, 400, 404, 429, 500, 502, 503])(
    'I-21: answers %i, even with a good answer',
    async (status) => {
      answer = (_request, response) => {
        const body = JSON.stringify(anIntrospectionAnswer(clock));
        response.writeHead(status, GOSSIP).end(status === 204 ? undefined : body);
      };
      await unavailable(new RegExp(`answers ${status}$`));
      expect(asked).toHaveLength(1);
    },
  );

  it.each([401, 403])(
    'I-25: refuses our credentials (%i): the operator is told',
    async (status) => {
      answer = (_request, response) =>
        response
          .writeHead(status, { 'www-authenticate': `Basic realm="${GOSSIP}"` })
          .end(JSON.stringify({ error: 'invalid_client', error_description: GOSSIP }));
      await unavailable(new RegExp(`answers ${status}: correct the client credentials`));
    },
  );

  it.each([
    ['HTML', `<!doctype html><title>${GOSSIP}</title>`, 'malformed_token'],
    ['nothing', '', 'malformed_token'],
    ['half of an answer', `{"active":true,"sub":"${GOSSIP}`, 'malformed_token'],
    ['active twice', '{"active":false,"active":true}', 'malformed_token'],
    ['a compressed answer', gzipSync('{"active":true}'), 'malformed_token'],
    ['a signed answer', 'eyJhbGciOiJub25lIn0.e30.', 'malformed_token'],
    ['a list', '[{"active":true}]', 'invalid_claims'],
    ['true', 'true', 'invalid_claims'],
  ])('I-21: sends %s', async (_what, body, reason) => {
    answer = (_request, response) => response.end(body);
    const error = await failureOf(introspect());
    expect(error).toBeInstanceOf(TokenRejected);
    expect(error).toMatchObject({ reason });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['I-21: says active "true"', { active: 'true' }],
    ['I-21: says active 1', { active: 1 }],
    ['I-21: does not say active', { active: undefined }],
    ['I-22: speaks for another issuer', { iss: `https://${GOSSIP}.test` }],
    ['I-22: speaks of another audience', { aud: `https://${GOSSIP}.test` }],
    ['I-22: tells no end', { exp: undefined }],
    ['I-23: speaks of DPoP and tells no key', { token_type: 'DPoP' }],
  ])('%s: the token is refused', async (_what, members) => {
    answer = (_request, response) =>
      response.end(JSON.stringify(anIntrospectionAnswer(clock, members)));
    const declared = anIntrospectionDeclaration({ endpoint: `${origin}/introspect` });
    const verifier = new IntrospectedTokenVerifier({
      issuers: IssuerRegistry.of([declared]),
      introspector,
      clock,
      audience: 'https://postern.test',
    });
    const error = await failureOf(verifier.verify(TOKEN, 'partner'));
    expect(error).toMatchObject({ reason: 'invalid_claims' });
    expect(asked).toHaveLength(1);
  });

  it('I-25: sends 10 MB', async () => {
    answer = (_request, response) => response.end(Buffer.alloc(10 * 1024 * 1024, ' '));
    await unavailable(/too large/);
  });

  it('I-25: sends 128 KiB behind a good answer, and tells no length', async () => {
    answer = (_request, response) => {
      response.write('{"active":true}');
      for (let kibibytes = 0; kibibytes < 128; kibibytes += 1) response.write(' '.repeat(1024));
      response.end();
    };
    await unavailable(/too large/);
  });

  it('I-25: never answers, or a byte at a time: it is given up after three seconds, and asked once', async () => {
    answer = (request, response) => {
      if (request.url === '/silent') return;
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    };
    const started = performance.now();
    const silent = unavailable(/no answer within 3000 ms/, { endpoint: `${origin}/silent` });
    introspector = new HttpTokenIntrospector({ clientSecretOf: async () => credentials });
    const dripping = unavailable(/no answer within 3000 ms/, { endpoint: `${origin}/dripping` });
    introspector = new HttpTokenIntrospector({
      clientSecretOf: () => new Promise(() => undefined),
    });
    // The credentials never come: nobody is asked.
    const waiting = unavailable(/no answer within 3000 ms/, { endpoint: `${origin}/waiting` });
    await Promise.all([silent, dripping, waiting]);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(asked.map(({ url }) => url).sort()).toEqual(['/dripping', '/silent']);
  });

  it('I-25: cannot be asked without credentials: the operator is told why', async () => {
    introspector = new HttpTokenIntrospector({
      clientSecretOf: () =>
        Promise.reject(new DependencyUnavailable('vault', 'the store is sealed')),
    });
    await unavailable(/the store is sealed/);
    expect(asked).toHaveLength(0);
  });

  it('I-26: cannot be asked for a reason of others: nothing of its text is repeated', async () => {
    introspector = new HttpTokenIntrospector({
      clientSecretOf: () => Promise.reject(new Error(`${CLIENT_SECRET} ${GOSSIP}`)),
    });
    await unavailable(/the endpoint could not be asked$/);
  });

  it('I-25: closes the connection, and is not asked again', async () => {
    answer = (request) => request.socket.destroy();
    await unavailable(/could not be asked \(UND_ERR_SOCKET\)/);
    expect(asked).toHaveLength(1);
  });

  it('I-26: answers with what is not HTTP: nothing of it is repeated', async () => {
    answer = (request) => request.socket.end(`${GOSSIP}\r\n\r\n`);
    await unavailable(/could not be asked/);
  });

  it('I-25: is not there', async () => {
    await unavailable(/could not be asked \(ECONNREFUSED\)/, {
      endpoint: 'http://127.0.0.1:1/introspect',
    });
  });

  it('I-25: is slow: it holds a bounded number of callers, and those of no other issuer', async () => {
    const held: ServerResponse[] = [];
    answer = (request, response) => {
      if (request.url === '/introspect') held.push(response);
      else good(request, response);
    };
    const waiting = Array.from({ length: INTROSPECTIONS_AT_ONCE_MAX }, () =>
      introspect().catch(() => undefined),
    );
    await unavailable(new RegExp(`${INTROSPECTIONS_AT_ONCE_MAX} questions are under way`));
    const other = await introspect({ id: 'other', endpoint: `${origin}/other` });
    expect(other.get('active')).toBe(true);
    await Promise.all(waiting);
    expect(asked.filter(({ url }) => url === '/introspect').length).toBeLessThanOrEqual(
      INTROSPECTIONS_AT_ONCE_MAX,
    );
    answer = good;
    expect((await introspect()).get('active')).toBe(true);
  });

  it('I-20: is on its own network, where the registration does not permit it', async () => {
    await unavailable(/not https/, { allowPrivateEndpoint: false });
    expect(asked).toEqual([]);
  });
});
