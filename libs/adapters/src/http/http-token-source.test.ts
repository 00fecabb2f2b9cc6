import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { TokenNotGiven, type TokenRequest } from '#injection';
import { Secret } from '#kernel';
import { HttpTokenSource, TOKEN_ANSWER_MS_MAX } from './http-token-source.js';

const CLIENT_SECRET = 'a secret: 100%+&=';
type Respond = (request: IncomingMessage, response: ServerResponse) => void;

describe('a token endpoint of others', () => {
  const source = new HttpTokenSource();
  let server: Server;
  let respond: Respond;
  let asked: { readonly authorization: string | undefined; readonly body: string }[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push({ authorization: request.headers.authorization, body });
        respond(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => {
    asked = [];
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const aRequest = (overrides: Partial<TokenRequest> = {}): TokenRequest => ({
    tokenEndpoint: `${origin()}/token`,
    allowPrivate: true,
    authentication: 'client_secret_basic',
    clientId: Secret.of('https://client.example/a b'),
    clientSecret: Secret.of(CLIENT_SECRET),
    scope: undefined,
    audience: undefined,
    resource: undefined,
    ...overrides,
  });
  const json = (content: unknown, status = 200): Respond => {
    return (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(content));
    };
  };
  const refusal = async (overrides: Partial<TokenRequest> = {}): Promise<Error> => {
    const given = source.token(aRequest(overrides));
    await expect(given).rejects.toBeInstanceOf(TokenNotGiven);
    return given.then(
      () => new Error('a token was given'),
      (error: unknown) => error as Error,
    );
  };

  it('is asked with id and secret form-encoded in the header (RFC 6749 section 2.3.1), and with what is registered', async () => {
    respond = json({ access_token: 'token-0123456789', token_type: 'Bearer', expires_in: 300 });
    const { token, expiresInSeconds } = await source.token(
      aRequest({ scope: 'a b', audience: 'api', resource: 'https://api.example/' }),
    );
    expect([token.reveal(), expiresInSeconds]).toEqual(['token-0123456789', 300]);
    const pair = Buffer.from(asked[0]?.authorization?.slice('Basic '.length) ?? '', 'base64');
    const decoded = new URLSearchParams(pair.toString().replace(':', '='));
    expect([...decoded]).toEqual([['https://client.example/a b', CLIENT_SECRET]]);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'api',
      resource: 'https://api.example/',
    });
  });

  it('is asked with id and secret in the form where that is registered', async () => {
    respond = json({ access_token: 'token-0123456789', token_type: 'bearer' });
    const { expiresInSeconds } = await source.token(
      aRequest({ authentication: 'client_secret_post' }),
    );
    expect(expiresInSeconds).toBeUndefined();
    expect(asked[0]?.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'https://client.example/a b',
      client_secret: CLIENT_SECRET,
    });
  });

  const echo = `oops ${CLIENT_SECRET}`;
  const token = { access_token: 'token-0123456789', token_type: 'bearer' };
  it.each<readonly [string, Respond, string]>([
    ['redirects', (_, r) => r.writeHead(307, { location: origin() }).end(), 'redirects'],
    ['answers HTML', (_, r) => r.writeHead(200, { 'content-type': 'text/html' }).end(echo), 'RFC'],
    [
      'answers no JSON',
      (_, r) => r.writeHead(200, { 'content-type': 'application/json' }).end(echo),
      'RFC 6749',
    ],
    ['answers 503', (_, r) => r.writeHead(503).end(echo), 'answers 503'],
    [
      'refuses the client',
      json({ error: 'invalid_client', error_description: echo }, 401),
      '401 invalid_client',
    ],
    ['has an error of its own', json({ error: CLIENT_SECRET }, 400), '400 with an error'],
    ['gives no token', json({ token_type: 'bearer' }), 'RFC 6749'],
    ['gives no type', json({ access_token: 'token-0123456789' }), 'RFC 6749'],
    ['gives a token bound to a key', json({ ...token, token_type: 'DPoP' }), 'no bearer token'],
    ['gives a type of its own', json({ ...token, token_type: 'mac' }), 'RFC 6749'],
    ['gives a lifetime that is no number', json({ ...token, expires_in: 'soon' }), 'RFC 6749'],
    ['goes away', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
    ['does not end', (_, r) => pour(r), 'too large'],
  ])('gives no token when it %s, and the reason quotes nothing', async (_, answer, reason) => {
    respond = answer;
    const error = await refusal();
    expect(error.message).toContain(reason);
    expect(error.message).not.toContain(CLIENT_SECRET);
    expect(error.cause).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  it('is waited for no longer than the limit, whether it is silent or slow', async () => {
    const seen: (string | undefined)[] = [];
    respond = ({ url }, response) => {
      seen.push(url);
      if (url === '/silent') return;
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(timer));
    };
    const refusals = ['/silent', '/slow'].map((path) =>
      refusal({ tokenEndpoint: `${origin()}${path}` }),
    );
    for (const { message } of await Promise.all(refusals)) {
      expect(message).toContain(`no answer within ${TOKEN_ANSWER_MS_MAX} ms`);
    }
    expect(seen.sort()).toEqual(['/silent', '/slow']);
  }, 60_000);

  it.each([
    ['on loopback when that is not registered', { allowPrivate: false }, 'not https'],
    [
      'that serves cloud metadata',
      { tokenEndpoint: 'http://169.254.169.254/token' },
      'must not be contacted',
    ],
    ['without TLS elsewhere', { tokenEndpoint: 'http://192.0.2.1/token' }, 'must not be contacted'],
    [
      'on loopback with TLS when that is not registered',
      { tokenEndpoint: 'https://127.0.0.1:1/token', allowPrivate: false },
      'must not be contacted',
    ],
    [
      'by a name for loopback',
      { tokenEndpoint: 'https://localhost:1/token', allowPrivate: false },
      'must not be contacted',
    ],
  ])('is never asked %s', async (_, overrides, reason) => {
    respond = json(token);
    expect((await refusal(overrides)).message).toContain(reason);
    expect(asked).toHaveLength(0);
  });
});

function pour(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const next = (): void => {
    if (!response.destroyed && response.write(chunk)) setImmediate(next);
  };
  response.on('drain', next);
  next();
}
