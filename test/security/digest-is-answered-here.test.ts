import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describeWithServer } from '../support/describe-with-server.js';
import { DigestServer, type DigestServerOptions } from '../support/digest-server.js';
import { CallPath } from './call-path.js';

const PASSWORD = 'Gr8 "ledger" pass\\word: 1987';
const ACCOUNT = { username: 'ledger "svc"', password: PASSWORD, realm: 'the "ledger" of all' };
const DIGEST = {
  kind: 'digest',
  username: 'username',
  password: 'password',
  algorithms: ['SHA-512-256', 'SHA-256', 'MD5'],
  qop: ['auth', 'auth-int'],
} as const;

type Options = Partial<DigestServerOptions>;
type Inject = Partial<typeof DIGEST> | { readonly qop: readonly ['auth-int'] };

async function start(options: Options = {}, inject: Inject = {}) {
  const server = new DigestServer({ ...ACCOUNT, algorithm: 'SHA-256', qop: 'auth', ...options });
  const { username, password } = { ...ACCOUNT, ...options };
  const path: CallPath = await CallPath.start({
    registration: { inject: { ...DIGEST, ...inject } },
    policy: { scopes: { 'ledger.read': ['GET /**', 'POST /**', 'PUT /**'] } },
    secret: { username, password },
    respond: ({ method = '', url = '', headers }, response) => {
      void path.backend.seen.at(-1)?.body.then((body) => {
        const verdict = server.judge({ method, url, authorization: headers.authorization, body });
        response.writeHead(verdict.status, verdict.headers).end(`${url} ${body}`);
      });
    },
  });
  return { server, path };
}

const ALGORITHMS = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256'] as const;
const QOPS = ['auth', 'auth-int'] as const;
const KINDS = ALGORITHMS.flatMap((algorithm) => QOPS.map((qop) => ({ algorithm, qop })));

describe('digest challenges of a destination (RFC 7616)', () => {
  it.each(KINDS)('are answered: %j', async ({ algorithm, qop }) => {
    const { server, path } = await start({ algorithm, qop });
    for (const body of ['{"amount":1}', 'x'.repeat(100_000), 'ä€']) {
      const answer = await path.call('/proxy/ledger/entries?x=1&y=%22', { method: 'POST', body });
      expect([answer.status, answer.body.length > body.length]).toEqual([200, true]);
    }
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(200);
    expect([server.challenges, server.violations]).toEqual([1, []]);
    expect(path.backend.everything).not.toContain(PASSWORD);
    await path.stop();
  });

  it('are answered to with integrity of the body where the registration asks for it first', async () => {
    const { path } = await start({ qop: 'auth,auth-int' }, { qop: ['auth-int'] });
    expect((await path.call('/proxy/ledger/a', { method: 'PUT', body: 'b' })).status).toBe(200);
    expect(path.backend.everything).toContain('qop=auth-int');
    await path.stop();
  });

  it.each([
    ['hashed usernames', { more: 'userhash=true', username: 'Jäsøn Doe' }],
    ['usernames in UTF-8', { more: 'charset="UTF-8"', username: 'Jäsøn Doe' }],
    ['usernames in UTF-8 of a destination that does not say so', { username: 'Jäsøn Doe' }],
    ['passwords in UTF-8', { more: 'charset=UTF-8', password: 'Sécret, ör not? €' }],
  ] as const)('with %s are answered', async (_, options) => {
    const { path } = await start(options);
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(200);
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(200);
    await path.stop();
  });

  it('are answered by many calls at once, each count once', async () => {
    const { server, path } = await start({ usesMax: 7 });
    const calls = Array.from({ length: 60 }, async (_, index) => {
      const answer = await path.call(`/proxy/ledger/accounts/${index}`);
      return [answer.status, answer.body];
    });
    const answers = await Promise.all(calls);
    for (const [index, [status, body]] of answers.entries()) {
      expect([status, body]).toEqual([200, `/api/accounts/${index} `]);
    }
    expect(server.violations).toEqual([]);
    await path.stop();
  });

  it('are not met again by calls that follow, while the destination keeps its nonce or tells the next', async () => {
    for (const options of [{}, { nextNonce: true, usesMax: 1 }]) {
      const { server, path } = await start(options);
      for (let call = 0; call < 5; call += 1) {
        const { status, headers } = await path.call('/proxy/ledger/accounts/42');
        expect(status).toBe(200);
        expect(headers).not.toHaveProperty('authentication-info');
      }
      expect([server.challenges, path.backend.seen.length]).toEqual([1, 6]);
      await path.stop();
    }
  });

  it('are answered once more when the destination has forgotten its nonces', async () => {
    const { server, path } = await start();
    for (let restart = 0; restart < 3; restart += 1) {
      server.forget();
      expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(200);
    }
    expect([server.challenges, server.violations]).toEqual([3, []]);
    await path.stop();
  });

  it('do not let come back what is as good as the password, from the first call on', async () => {
    const { username, realm } = ACCOUNT;
    const stored = createHash('sha256').update(`${username}:${realm}:${PASSWORD}`).digest('hex');
    const { path } = await start();
    for (let call = 0; call < 2; call += 1) {
      const { status, body } = await path.call(`/proxy/ledger/echo?text=${stored}`);
      expect([status, body]).toEqual([200, `/api/echo?text=${'*'.repeat(64)} `]);
    }
    await path.stop();
  });

  it('are answered once a call when the password is wrong, and the caller gets the 401', async () => {
    const server = new DigestServer({
      ...ACCOUNT,
      password: 'another password',
      algorithm: 'SHA-256',
      qop: 'auth',
    });
    const path: CallPath = await CallPath.start({
      registration: { inject: DIGEST },
      secret: { username: ACCOUNT.username, password: PASSWORD },
      respond: ({ method = '', url = '', headers }, response) => {
        const { authorization } = headers;
        const verdict = server.judge({ method, url, authorization, body: '' });
        response.writeHead(verdict.status, verdict.headers).end(`wrong: ${PASSWORD}`);
      },
    });
    for (let call = 1; call <= 4; call += 1) {
      const { status, body, rawHeaders } = await path.call('/proxy/ledger/accounts/42');
      expect([status, path.backend.seen.length]).toEqual([401, 2 * call]);
      expect(body).toMatch(/^wrong: \*+$/);
      expect(rawHeaders.join()).not.toContain(PASSWORD);
    }
    const events = JSON.stringify(path.parts.journal.events);
    expect(events).not.toContain('Gr8');
    expect(path.problems).toEqual([]);
    await path.stop();
  });
});

/** The judge itself, held against a client that others wrote. */
describeWithServer('the digest server of these tests', 'curl', (curl) => {
  const judged = KINDS.filter(({ algorithm }) => algorithm !== 'SHA-512-256');

  it.each(judged)('takes what curl sends: %j', async (kind) => {
    const server = new DigestServer({ ...ACCOUNT, ...kind });
    const listener = createServer(({ method = '', url = '', headers }, response) => {
      const { authorization } = headers;
      const verdict = server.judge({ method, url, authorization, body: '' });
      response.writeHead(verdict.status, verdict.headers).end('ok');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const args = ['-s', '--digest', '-u', `${ACCOUNT.username}:${PASSWORD}`, '-w', '%{http_code}'];
    const client = spawn(curl, [...args, `http://127.0.0.1:${port}/accounts/42?x=1`]);
    expect(await text(client.stdout)).toBe('ok200');
    expect([server.challenges, server.violations]).toEqual([1, []]);
    listener.close();
  });
});
