import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Injection } from '#injection';
import { Secret, SystemClock } from '#kernel';
import { aProxiedRegistration, aProxiedResource } from '#testing';
import { DigestServer } from '../../../../test/support/digest-server.js';
import { type HttpCheck, HttpCredentialProbe } from './http-credential-probe.js';

const OLD = 'the-old-ledger-password';
const NEW = 'the-new-ledger-password';
const LOGIN: HttpCheck = { method: 'GET', path: '/health?deep=1', expect: undefined };
const ENTRIES: HttpCheck = { method: 'GET', path: '/entries', expect: undefined };
const BASIC: Injection = { kind: 'basic', username: 'username', password: 'password' };
const FORM: Injection = {
  kind: 'form-login',
  username: 'username',
  password: 'password',
  login: {
    page: undefined,
    submit: '/login',
    usernameParameter: 'u',
    passwordParameter: 'p',
    extra: {},
  },
  success: { status: 302, location: undefined, cookie: 'SID' },
  expired: { status: 302, location: '/login', cookie: undefined },
  logout: { method: 'POST', path: '/logout' },
};

const fieldsWith = (password: string): ReadonlyMap<string, Secret> =>
  new Map([
    ['username', Secret.of('ledger-svc')],
    ['password', Secret.of(password)],
  ]);

type Respond = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const basicHeader = (password: string): string =>
  `Basic ${Buffer.from(`ledger-svc:${password}`).toString('base64')}`;
/** Accepts one password. */
const accepting =
  (password: string, status = 200): Respond =>
  ({ headers }, response) =>
    void response.writeHead(headers.authorization === basicHeader(password) ? status : 401).end();

describe('trying a value at an HTTP destination', () => {
  const asked: { readonly method: string; readonly url: string; readonly headers: object }[] = [];
  let respond: Respond;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, url, headers });
      respond(request, response, body);
    });
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  beforeEach(() => void asked.splice(0));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const probe = (
    overrides: {
      readonly inject?: Injection;
      readonly checks?: readonly HttpCheck[];
      readonly refusals?: readonly number[];
      readonly allowPrivate?: boolean;
    } = {},
  ): HttpCredentialProbe => {
    const { inject = BASIC, checks = [LOGIN], refusals = [401], allowPrivate = true } = overrides;
    const { port } = server.address() as AddressInfo;
    const { call } = aProxiedRegistration();
    const resource = aProxiedResource({
      destination: `http://127.0.0.1:${port}/api`,
      network: { allowPrivate },
      call: { ...call, headersTimeoutMs: 400, connectTimeoutMs: 400 },
      inject,
    });
    return new HttpCredentialProbe({ resource, checks, refusals, clock: new SystemClock() });
  };

  it('logs in by the first check, with the value put on as calls have it, below the destination', async () => {
    respond = accepting(NEW);
    const answer = await probe({ checks: [LOGIN, ENTRIES] }).login(fieldsWith(NEW));
    expect(answer).toEqual({ result: 'ok', detail: 'GET /health: 200' });
    expect(asked).toMatchObject([{ method: 'GET', url: '/api/health?deep=1' }]);
  });

  it('finds that a value is refused', async () => {
    respond = accepting(NEW);
    expect(await probe().login(fieldsWith(OLD))).toEqual({
      result: 'fail',
      detail: 'GET /health: 401',
    });
  });

  it('makes every check to verify, and ends at the first that fails', async () => {
    respond = ({ url = '' }, response) =>
      void response.writeHead(url.startsWith('/api/entries') ? 403 : 200).end();
    const checks = [LOGIN, ENTRIES, { ...LOGIN, path: '/never' }];
    const refused = await probe({ checks, refusals: [401, 403] }).verify(fieldsWith(NEW));
    expect(refused).toEqual({ result: 'fail', detail: 'GET /entries: 403' });
    expect(asked.map(({ url }) => url)).toEqual(['/api/health?deep=1', '/api/entries']);
    const taken = await probe({ checks }).verify(fieldsWith(NEW));
    expect(taken).toEqual({ result: 'ok', detail: 'GET /never: 200' });
  });

  it.each([
    ['any status that is no refusal', undefined, 404, 'ok'],
    ['a status that is expected', [200, 204], 204, 'ok'],
    ['a status that is not expected', [200], 302, 'fail'],
    ['an expected error', [503], 503, 'ok'],
    ['an error of the server', undefined, 503, 'unreachable'],
    ['an error of the server where another answer is expected', [200], 500, 'unreachable'],
    ['too many requests', undefined, 429, 'unreachable'],
  ] as const)('judges %s', async (_, expectation, status, result) => {
    respond = accepting(NEW, status);
    const checks = [{ ...LOGIN, expect: expectation }];
    expect(await probe({ checks }).login(fieldsWith(NEW))).toMatchObject({ result });
  });

  it('tells nothing of a value when there is no answer in time, or none at all', async () => {
    respond = () => undefined;
    const silent = await probe().login(fieldsWith(NEW));
    expect(silent).toEqual({ result: 'unreachable', detail: 'GET /health: timeout' });
    respond = (request) => request.socket.destroy();
    expect(await probe().login(fieldsWith(NEW))).toMatchObject({ result: 'unreachable' });
  });

  it('asks no address that the resource may not ask', async () => {
    respond = accepting(NEW);
    const answer = await probe({ allowPrivate: false }).login(fieldsWith(NEW));
    expect(answer).toEqual({ result: 'unreachable', detail: 'GET /health: refused-address' });
    expect(asked).toEqual([]);
  });

  it('reads no more of an answer than it needs', async () => {
    let sent = 0;
    respond = (_, response) => {
      response.on('error', () => undefined);
      const more = (): void => {
        sent += 64 * 1024;
        if (!response.destroyed && sent < 64 * 1024 * 1024) {
          response.write(Buffer.alloc(64 * 1024), more);
        }
      };
      more();
    };
    expect(await probe().login(fieldsWith(NEW))).toMatchObject({ result: 'ok' });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it('answers a challenge, and takes the refusal after it as one', async () => {
    const inject: Injection = {
      ...{ kind: 'digest', username: 'username', password: 'password' },
      ...{ algorithms: ['SHA-256'], qop: ['auth'] },
    };
    const options = { username: 'ledger-svc', password: NEW, realm: 'ledger' };
    const digests = new DigestServer({ ...options, algorithm: 'SHA-256', qop: 'auth' });
    respond = ({ method = '', url = '', headers }, response, body) => {
      const { authorization } = headers;
      const verdict = digests.judge({ method, url, authorization, body });
      response.writeHead(verdict.status, verdict.headers).end();
    };
    expect(await probe({ inject }).login(fieldsWith(NEW))).toMatchObject({ result: 'ok' });
    expect(await probe({ inject }).login(fieldsWith(OLD))).toMatchObject({ result: 'fail' });
    expect(asked).toHaveLength(4);
  });

  it('opens a session for the checks, and ends it', async () => {
    respond = ({ url, headers }, response, body) => {
      const isIn = headers.cookie === 'SID=1';
      if (url === '/login' && body.includes(NEW)) {
        response.writeHead(302, { 'set-cookie': 'SID=1; Path=/', location: '/' }).end();
      } else response.writeHead(isIn ? 200 : 302, isIn ? {} : { location: '/login' }).end();
    };
    const checks = [LOGIN, ENTRIES];
    const taken = await probe({ inject: FORM, checks }).verify(fieldsWith(NEW));
    expect(taken).toEqual({ result: 'ok', detail: 'GET /entries: 200' });
    for (let waits = 0; asked.length < 4 && waits < 5_000; waits += 1) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const steps = asked.map(({ method, url }) => `${method} ${url}`);
    expect(steps).toEqual([
      'POST /login',
      'GET /api/health?deep=1',
      'GET /api/entries',
      'POST /logout',
    ]);
    expect(await probe({ inject: FORM }).login(fieldsWith(OLD))).toEqual({
      result: 'fail',
      detail: 'GET /health: the login was answered 302',
    });
  });

  it('does not take a login that is out of order for a refusal', async () => {
    respond = (_, response) => void response.writeHead(503).end();
    expect(await probe({ inject: FORM }).login(fieldsWith(NEW))).toEqual({
      result: 'unreachable',
      detail: 'GET /health: the login was answered 503',
    });
  });

  it.each([
    ['a refused client', 401, { error: 'invalid_client' }, 'fail'],
    ['a scope that it does not know', 400, { error: 'invalid_scope' }, 'unreachable'],
    ['an endpoint that is down', 503, {}, 'unreachable'],
    ['a token', 200, { access_token: 'a-token-of-the-trial', token_type: 'bearer' }, 'ok'],
  ] as const)('judges the answer of a token endpoint: %s', async (_, status, content, result) => {
    respond = ({ url, headers }, response) => {
      const type = { 'content-type': 'application/json' };
      if (url === '/token') response.writeHead(status, type).end(JSON.stringify(content));
      else {
        const isTaken = headers.authorization === 'Bearer a-token-of-the-trial';
        response.writeHead(isTaken ? 200 : 401).end();
      }
    };
    const inject: Injection = {
      kind: 'oauth2-client-credentials',
      tokenEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
      allowPrivate: true,
      authentication: 'client_secret_basic',
      clientId: 'username',
      clientSecret: 'password',
      ...{ scope: undefined, audience: undefined, resource: undefined },
    };
    expect(await probe({ inject }).login(fieldsWith(NEW))).toMatchObject({ result });
  });

  it('takes a value that cannot be put on a call for one that does not work', async () => {
    respond = accepting(NEW);
    const answer = await probe().login(new Map([['username', Secret.of('ledger-svc')]]));
    expect(answer).toEqual({
      result: 'fail',
      detail: 'GET /health: the value cannot be put on a call',
    });
    expect(asked).toEqual([]);
  });

  it.each(['form', 'json'] as const)(
    'gives a field of a body something to be put into: %s',
    async (format) => {
      let received = '';
      respond = (_, response, body) => {
        received = body;
        response.writeHead(body.includes(NEW) ? 200 : 401).end();
      };
      const inject: Injection = { kind: 'body-field', format, name: 'apiKey', value: 'password' };
      const checks = [{ ...LOGIN, method: 'POST', path: '/search' }];
      expect(await probe({ inject, checks }).login(fieldsWith(NEW))).toMatchObject({
        result: 'ok',
      });
      expect(received).toContain('apiKey');
      // Without a body there is nothing to put it into: that says nothing of the value.
      const unsuitable = await probe({ inject }).login(fieldsWith(NEW));
      expect(unsuitable).toMatchObject({ result: 'unreachable' });
    },
  );

  it('tells nothing of values in its details, whatever comes back', async () => {
    respond = (_, response) =>
      void response.writeHead(401, NEW, { 'www-authenticate': `Basic realm="${NEW}"` }).end(NEW);
    const answer = await probe().verify(fieldsWith(NEW));
    expect(answer.result).toBe('fail');
    expect(JSON.stringify(answer)).not.toContain(NEW);
  });

  it('needs a check', () => {
    expect(() => probe({ checks: [] })).toThrow(TypeError);
  });
});
