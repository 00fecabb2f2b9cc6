import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Injection } from '#injection';
import { DigestServer } from '../support/digest-server.js';
import { OpaqueTokenIssuer } from '../support/opaque-token-issuer.js';
import { until } from '../support/until.js';
import { ManagedPath, NEW, OLD, OLDEST, passwordOf } from './managed-path.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const DUAL = { currentVersion: 2, fallbackVersion: 1, epoch: 2, state: 'rotating' } as const;
let managed: ManagedPath;

/** What is told of refusals: those that were told so far, once all calls have ended. */
async function expectTold(told: readonly unknown[]): Promise<void> {
  await until('it is told', () => managed.refusals.length >= told.length);
  await managed.managed.askAnew();
  expect(managed.refusals).toEqual(told);
  expect(await managed.uses()).toEqual([]);
}

afterEach(() => managed.stop());

describe('a managed credential that is proven by digests', () => {
  const DIGEST = {
    kind: 'digest',
    username: 'username',
    password: 'password',
    algorithms: ['SHA-256'],
    qop: ['auth'],
  } as const;
  const serverOf = (password: string): DigestServer =>
    new DigestServer({
      ...{ username: 'ledger-svc', password, realm: 'ledger' },
      ...{ algorithm: 'SHA-256', qop: 'auth' },
    });
  let server: DigestServer;
  const start = async (change = {}): Promise<void> => {
    managed = await ManagedPath.start({
      change,
      registration: { inject: DIGEST },
      respond: ({ method = '', url = '', headers }, response) => {
        const verdict = server.judge({
          ...{ method, url, body: '' },
          authorization: headers.authorization,
        });
        response.writeHead(verdict.status, verdict.headers).end();
      },
    });
  };
  const sent = (): number => managed.path.backend.seen.length;

  it('is not refused by a challenge', async () => {
    server = serverOf(OLD);
    await start();
    for (let calls = 0; calls < 3; calls += 1) {
      expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    }
    server.forget();
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    await expectTold([]);
  });

  it('is proven with the version that became current, by the challenge of the refusal', async () => {
    server = serverOf(OLD);
    await start();
    await managed.path.call(ACCOUNT);
    server = serverOf(NEW);
    managed.change({ currentVersion: 2, epoch: 2 });
    const before = sent();
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    // With the nonce of before, by the challenge that answers it, and with the other version.
    expect(sent() - before).toBe(3);
    await expectTold([]);
    expect(server.violations).toEqual([]);
  });

  it('is proven with the version to fall back on, which is told', async () => {
    server = serverOf(OLD);
    await start(DUAL);
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(sent()).toBe(3);
    await expectTold([{ version: 2, status: 401, fallbackWorked: true }]);
  });

  it('that is refused in both versions is tried no third time', async () => {
    server = serverOf(OLDEST);
    await start(DUAL);
    expect((await managed.path.call(ACCOUNT)).status).toBe(401);
    expect(sent()).toBe(3);
    await expectTold([{ version: 2, status: 401, fallbackWorked: false }]);
  });
});

describe('a managed credential that opens sessions by a form', () => {
  const FORM: Injection = {
    kind: 'form-login',
    username: 'username',
    password: 'password',
    login: {
      ...{ page: undefined, submit: '/session', extra: {} },
      ...{ usernameParameter: 'user', passwordParameter: 'pass' },
    },
    success: { status: 302, location: '/home', cookie: undefined },
    expired: { status: 302, location: '/login', cookie: undefined },
    logout: undefined,
  };
  let valid: string;
  let status: number;
  let sessions: Set<string>;
  let logins: string[];

  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url !== '/session') {
      const sid = /sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
      if (sessions.has(sid)) response.writeHead(status).end('in');
      else response.writeHead(302, { location: '/login' }).end();
      return;
    }
    void managed.path.backend.seen.at(-1)?.body.then((body) => {
      const password = new URLSearchParams(body).get('pass') ?? '';
      logins.push(password);
      if (password !== valid) {
        response.end('wrong');
        return;
      }
      const sid = `session-number-${logins.length}`;
      sessions.add(sid);
      response.writeHead(302, { location: '/home', 'set-cookie': `sid=${sid}; Path=/` }).end();
    });
  };
  const start = async (change = {}): Promise<void> => {
    [valid, status, sessions, logins] = [OLD, 200, new Set(), []];
    managed = await ManagedPath.start({ change, respond, registration: { inject: FORM } });
  };
  const callWith = (plaintext: string) =>
    managed.path.call(ACCOUNT, { headers: { authorization: `Bearer ${plaintext}` } });

  it('logs in again when a session is over, which is no refusal', async () => {
    await start();
    const { plaintext } = await managed.path.parts.issue();
    expect((await callWith(plaintext)).status).toBe(200);
    sessions.clear();
    expect((await callWith(plaintext)).status).toBe(200);
    expect(logins).toEqual([OLD, OLD]);
    await expectTold([]);
  });

  it('is not refused by what calls within a session are answered', async () => {
    await start();
    status = 401;
    const { plaintext } = await managed.path.parts.issue();
    for (let calls = 0; calls < 3; calls += 1) {
      expect((await callWith(plaintext)).status).toBe(401);
    }
    expect(logins).toEqual([OLD]);
    await expectTold([]);
  });

  it('never logs in again with the old version when another one is current', async () => {
    await start();
    const { plaintext } = await managed.path.parts.issue();
    await callWith(plaintext);
    const release = managed.path.parts.secrets.hold();
    // The row names the new version, and the proxy has yet to read it: calls go by the old one until then.
    await managed.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    [valid, sessions] = [NEW, new Set()];
    const answer = callWith(plaintext);
    release();
    expect((await answer).status).toBe(200);
    expect(logins).toEqual([OLD, NEW]);
    await expectTold([]);
  });

  it('logs in with the version that became current when the login is refused', async () => {
    await start();
    valid = NEW;
    managed.change({ currentVersion: 2, epoch: 2 });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(logins).toEqual([OLD, NEW]);
    await expectTold([]);
    expect(managed.completed).toEqual([['ok', 200, 2, 1]]);
  });

  it('logs in with the version to fall back on, which is told', async () => {
    await start(DUAL);
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(logins).toEqual([NEW, OLD]);
    await expectTold([{ version: 2, status: undefined, fallbackWorked: true }]);
  });

  it('whose login is refused without another version is told, and refused here', async () => {
    await start();
    valid = OLDEST;
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'credential-unavailable',
    ]);
    expect(logins).toEqual([OLD]);
    await expectTold([{ version: 1, status: undefined, fallbackWorked: false }]);
    await managed.path.call(ACCOUNT);
    expect(logins).toEqual([OLD]); // Nor is it tried at once again, and that is no refusal.
    await expectTold([{ version: 1, status: undefined, fallbackWorked: false }]);
  });
});

describe('a managed credential that gets tokens', () => {
  let issuer: OpaqueTokenIssuer;
  let tokens: string[];
  const start = async (
    change: object,
    versions: (workload: OpaqueTokenIssuer['workload']) => readonly Record<string, string>[],
  ): Promise<void> => {
    issuer = await OpaqueTokenIssuer.start('https://ledger.example');
    tokens = [];
    managed = await ManagedPath.start(
      {
        change,
        registration: {
          inject: {
            kind: 'oauth2-client-credentials',
            authentication: 'client_secret_basic',
            ...{ tokenEndpoint: issuer.tokenEndpoint, allowPrivate: true, clientId: 'id' },
            ...{ clientSecret: 'secret', scope: 'ledger.read' },
            ...{ audience: undefined, resource: undefined },
          },
        },
        respond: ({ headers }, response) => {
          const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
          tokens.push(token);
          void issuer.isActive(token).then((active) => {
            response.writeHead(active ? 200 : 401).end();
          });
        },
      },
      versions(issuer.workload),
    );
  };
  afterEach(() => issuer.stop());
  const wrong = { secret: 'no secret of any client' };

  it('gets another one for one that was revoked, which is no refusal', async () => {
    await start({}, ({ id, secret }) => [{ id, secret }]);
    await managed.path.call(ACCOUNT);
    await issuer.revoke(tokens[0] ?? '');
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
    await expectTold([]);
  });

  it('gets one with the version to fall back on, which is told', async () => {
    await start(DUAL, ({ id, secret }) => [
      { id, secret },
      { id, ...wrong },
    ]);
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(issuer.tokenRequests).toBe(2);
    await expectTold([{ version: 2, status: undefined, fallbackWorked: true }]);
  });

  it('that gives none is told, and refused here', async () => {
    await start({}, ({ id }) => [{ id, ...wrong }]);
    expect((await managed.path.call(ACCOUNT)).status).toBe(503);
    expect([tokens, issuer.tokenRequests]).toEqual([[], 1]);
    await expectTold([{ version: 1, status: undefined, fallbackWorked: false }]);
  });
});

it.each([
  ['bearer', { kind: 'bearer', value: 'password' }],
  ['header', { kind: 'header', name: 'X-Key', template: 'Key {password}' }],
  ['query', { kind: 'query', name: 'key', value: 'password' }],
  ['cookie', { kind: 'cookie', name: 'key', value: 'password' }],
] as const)(
  'of kind %s is put on once more in its new version, and no trace of the old',
  async (_, inject) => {
    const versions = ['old-password-of-1987', 'new-password-of-2026'];
    let valid = versions[0] ?? '';
    managed = await ManagedPath.start(
      {
        registration: { inject },
        respond: ({ url = '', rawHeaders }, response) => {
          const everything = [url, ...rawHeaders].join(' ');
          response.writeHead(everything.includes(valid) ? 200 : 401).end();
        },
      },
      versions.map(passwordOf),
    );
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    valid = versions[1] ?? '';
    managed.change({ currentVersion: 2, epoch: 2 });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    const last = JSON.stringify(managed.path.backend.seen.at(-1));
    expect([managed.path.backend.seen.length, last.includes(versions[0] ?? '')]).toEqual([
      3,
      false,
    ]);
    await expectTold([]);
  },
);
