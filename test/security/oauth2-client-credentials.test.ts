import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type Injection } from '#injection';
import { OpaqueTokenIssuer } from '../support/opaque-token-issuer.js';
import { CallPath, type CallPathOptions } from './call-path.js';

const PATH = '/proxy/ledger/accounts/42';
const AUDIENCE = 'https://ledger.example';

/** Tokens of npm oidc-provider, judged by the API behind the proxy at the provider itself (RFC 7662). */
describe('tokens by client credentials', () => {
  let issuer: OpaqueTokenIssuer;
  let path: CallPath;
  /** Tokens that the API saw, in the order in which they came. */
  let seen: string[];

  beforeEach(() => {
    seen = [];
  });
  afterEach(async () => {
    await path.stop();
    await issuer.stop();
  });

  const introspecting = (request: IncomingMessage, response: ServerResponse): void => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    seen.push(token);
    void issuer.isActive(token).then((active) => {
      response.writeHead(active ? 200 : 401, active ? {} : { 'www-authenticate': 'Bearer' });
      response.end(active ? `fine, ${token}` : `no: ${token}`);
    });
  };
  const anInjection = (
    overrides: Partial<Extract<Injection, { kind: 'oauth2-client-credentials' }>> = {},
  ): Injection => ({
    kind: 'oauth2-client-credentials',
    tokenEndpoint: issuer.tokenEndpoint,
    allowPrivate: true,
    authentication: 'client_secret_basic',
    clientId: 'id',
    clientSecret: 'secret',
    scope: 'ledger.read',
    audience: undefined,
    resource: undefined,
    ...overrides,
  });
  const start = async (
    { tokenSeconds, ...options }: CallPathOptions & { tokenSeconds?: number } = {},
    injection: Parameters<typeof anInjection>[0] = {},
  ): Promise<void> => {
    issuer = await OpaqueTokenIssuer.start(AUDIENCE, tokenSeconds);
    path = await CallPath.start({
      respond: introspecting,
      secret: issuer.workload,
      ...options,
      registration: { inject: anInjection(injection), ...options.registration },
    });
  };
  const tokens = (): ReadonlySet<string> => new Set(seen);
  const everything = (): string =>
    JSON.stringify([path.parts.journal.events, path.parts.ledger, path.problems]);

  it('are got once, put on the calls of all, and never seen by a caller', async () => {
    await start();
    const answers = await Promise.all(Array.from({ length: 32 }, () => path.call(PATH)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(issuer.tokenRequests).toBe(1);
    const [token = ''] = tokens();
    expect(tokens().size).toBe(1);
    expect(token).toMatch(/^[\w-]{20,}$/);
    expect(answers[0]?.body).toBe(`fine, ${'*'.repeat(token.length)}`);
    expect(everything()).not.toContain(token);
    expect(everything()).not.toContain(issuer.workload.secret);
    expect(path.backend.everything).not.toContain(issuer.workload.secret);
  });

  it('are got by client_secret_post, for a resource of RFC 8707, where that is registered', async () => {
    await start({}, { authentication: 'client_secret_post', resource: 'https://other.example' });
    await path.parts.seal({ ...issuer.posting });
    path.parts.clock.advance(11);
    await path.call(PATH);
    path.parts.clock.advance(1);
    expect((await path.call(PATH)).status).toBe(200);
  });

  it('replace what the caller says of itself', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    const { status } = await path.call(PATH, {
      headers: { authorization: `Bearer ${plaintext}`, Authorization_: 'x' },
    });
    expect(status).toBe(200);
    const [{ rawHeaders } = { rawHeaders: [] as string[] }] = path.backend.seen;
    expect(rawHeaders.filter((name) => /^authorization$/i.test(name))).toHaveLength(1);
    expect(path.backend.everything).not.toContain(plaintext);
  });

  it('that are revoked are replaced within the call, once for all callers', async () => {
    await start();
    await path.call(PATH);
    const [first = ''] = seen;
    await issuer.revoke(first);
    const answers = await Promise.all(Array.from({ length: 16 }, () => path.call(PATH)));
    expect(answers.map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect(tokens().size).toBe(2);
    expect(issuer.tokenRequests).toBe(2);
    for (const { body } of answers) for (const token of tokens()) expect(body).not.toContain(token);
  });

  it('that are revoked are replaced in a call with a small body, which is sent again', async () => {
    await start();
    await path.call(PATH);
    await issuer.revoke(seen[0] ?? '');
    const body = 'sent again';
    const { status } = await path.call('/proxy/ledger/entries', { method: 'POST', body });
    expect(status).toBe(200);
    const posted = path.backend.seen.filter(({ method }) => method === 'POST');
    expect(await Promise.all(posted.map(({ body: one }) => one))).toEqual([body, body]);
  });

  it('that end are renewed without a call that fails', async () => {
    await start({ tokenSeconds: 3 });
    const { clock } = path.parts;
    const begun = clock.now().getTime();
    const started = performance.now();
    const statuses: number[] = [];
    const caller = async (): Promise<void> => {
      while (performance.now() - started < 6_000) {
        clock.set(new Date(begun + performance.now() - started));
        statuses.push((await path.call(PATH)).status);
        await pause(20);
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    expect(statuses.length).toBeGreaterThan(50);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(issuer.tokenRequests).toBeGreaterThanOrEqual(3);
    expect(issuer.tokenRequests).toBeLessThanOrEqual(6);
  }, 60_000);

  it('cannot be got while the endpoint is down: nothing is sent, and the endpoint is not flooded', async () => {
    await start();
    issuer.setReachable(false);
    const answers = await Promise.all(Array.from({ length: 20 }, () => path.call(PATH)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers[0]?.headers['postern-error']).toBe('credential-unavailable');
    expect(issuer.tokenRequests).toBe(1);
    expect(path.backend.seen).toHaveLength(0);
    expect(everything()).toContain('the token endpoint gave no token: it answers 503');
    issuer.setReachable(true);
    path.parts.clock.advance(1);
    expect((await path.call(PATH)).status).toBe(200);
  });

  it('in use outlast an endpoint that is down', async () => {
    await start({ respond: (_, response) => response.end('ok') });
    await path.call(PATH);
    issuer.setReachable(false);
    const call = (): ReturnType<CallPath['call']> =>
      path.call(PATH, { handle: { expiresAt: later(path) } });
    path.parts.clock.advance(289);
    expect((await call()).status).toBe(200);
    path.parts.clock.advance(1);
    expect((await call()).status).toBe(503);
    expect(path.backend.seen).toHaveLength(2);
  });

  it('are not got with a secret that is refused, and no message shows it', async () => {
    await start({ secret: { id: 'payments-agent', secret: 'not the secret of it' } });
    const { status, body } = await path.call(PATH);
    expect(status).toBe(503);
    expect(everything()).toContain('it answers 401 invalid_client');
    expect(body + everything()).not.toContain('not the secret of it');
    await path.call(PATH);
    expect(issuer.tokenRequests).toBe(1);
  });

  it('end with the version of the secret that got them', async () => {
    await start();
    await path.call(PATH);
    await path.parts.seal({ ...issuer.workload });
    path.parts.clock.advance(15);
    await path.call(PATH);
    await path.call(PATH);
    expect(issuer.tokenRequests).toBe(2);
    expect(tokens().size).toBe(2);
  });

  it('are not fetched again and again for a destination that refuses every one', async () => {
    await start({ respond: (_, response) => response.writeHead(401).end() });
    for (let index = 0; index < 5; index += 1) {
      expect((await path.call(PATH)).status).toBe(401);
    }
    expect(issuer.tokenRequests).toBe(2);
    expect(path.backend.seen).toHaveLength(6);
  });

  it('that are revoked fail a call whose body cannot be sent again, and none after it', async () => {
    await start();
    await path.call(PATH);
    await issuer.revoke(seen[0] ?? '');
    const body = Buffer.alloc(64 * 1024 + 1, 'x');
    const post = (): ReturnType<CallPath['call']> =>
      path.call('/proxy/ledger/entries', { method: 'POST', body });
    const { status, body: told } = await post();
    expect([status, told]).toEqual([401, expect.stringMatching(/^no: \*+$/)]);
    expect((await post()).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
  });

  it('leave the answer of the destination as it is when there is no other', async () => {
    let answers = 0;
    await start({
      respond: (_, response) => {
        answers += 1;
        response.writeHead(401, 'No', { 'x-answer': String(answers) });
        response.end('x'.repeat(300_000));
      },
    });
    path.parts.clock.advance(1);
    const first = path.call(PATH);
    await first;
    path.parts.clock.advance(20);
    issuer.setReachable(false);
    const { status, headers, body } = await path.call(PATH);
    expect([status, headers['x-answer'], body.length]).toEqual([401, '3', 300_000]);
  });
});

const later = (path: CallPath): Date => new Date(path.parts.clock.now().getTime() + 60_000);
