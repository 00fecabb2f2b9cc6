import { until } from '../support/until.js';
import { LegacyAccount, ManagedPath, NEW, OLD, OLDEST, passwordOf } from './managed-path.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const POST = {
  policy: { scopes: { 'ledger.read': ['GET /accounts/**', 'POST /entries'] } },
} as const;

describe('a call whose credential is refused', () => {
  let legacy: LegacyAccount;
  let managed: ManagedPath;
  const start = async (
    options: Parameters<typeof ManagedPath.start>[0] = {},
    versions?: Parameters<typeof ManagedPath.start>[1],
  ): Promise<void> => {
    managed = await ManagedPath.start({ respond: legacy.judge, ...options }, versions);
  };
  beforeEach(() => {
    legacy = new LegacyAccount(OLD);
  });
  afterEach(async () => {
    expect(await managed.uses()).toEqual([]);
    await managed.stop();
  });

  it('is sent once more with the version that became current meanwhile, and nobody notices', async () => {
    await start();
    legacy.valid = new Set([NEW]);
    managed.change({ currentVersion: 2, epoch: 2 });
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(legacy.tried).toEqual([OLD, NEW]);
    expect(managed.refusals).toEqual([]);
    expect(managed.resent).toEqual(['current']);
    expect(managed.completed).toEqual([['ok', 200, 2, 1]]);
  });

  it('waits for a gate that is closed by now, and goes on when it opens', async () => {
    await start();
    legacy.valid = new Set([NEW]);
    managed.change({ gate: 'held' });
    const answer = managed.path.call(ACCOUNT);
    await until('it was refused', () => legacy.tried.length === 1);
    await until('it waits', () => managed.managed.waiting === 1);
    managed.change({ gate: 'open', currentVersion: 2, epoch: 2 });
    expect((await answer).status).toBe(200);
    expect(legacy.tried).toEqual([OLD, NEW]);
  });

  it('is sent once more with the version to fall back on, and that is told', async () => {
    await start({ change: { currentVersion: 2, fallbackVersion: 1, epoch: 2, state: 'rotating' } });
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(legacy.tried).toEqual([NEW, OLD]);
    await until('it is told', () => managed.refusals.length === 1);
    expect(managed.refusals).toEqual([{ version: 2, status: 401, fallbackWorked: true }]);
    expect(managed.completed).toEqual([['ok', 200, 1, 2]]);
    expect(managed.resent).toEqual(['fallback']);
  });

  it('gets the answer of the second attempt, and never a third', async () => {
    legacy.valid = new Set([OLDEST]);
    await start({ change: { currentVersion: 2, fallbackVersion: 1, state: 'rotating' } });
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.body]).toEqual([401, 'no']);
    expect(legacy.tried).toEqual([NEW, OLD]);
    await until('it is told', () => managed.refusals.length === 1);
    expect(managed.refusals).toEqual([{ version: 2, status: 401, fallbackWorked: false }]);
  });

  it('has no third attempt with the fallback when the current version is refused as well', async () => {
    legacy.valid = new Set();
    await start({}, [OLDEST, OLD, NEW].map(passwordOf));
    managed.change({ currentVersion: 3, fallbackVersion: 2, epoch: 2, state: 'rotating' });
    expect((await managed.path.call(ACCOUNT)).status).toBe(401);
    expect(legacy.tried).toEqual([OLDEST, NEW]);
    await until('it is told', () => managed.refusals.length === 1);
    expect(managed.refusals).toEqual([{ version: 3, status: 401, fallbackWorked: false }]);
  });

  it('without another version gets the answer as it came, and that is told', async () => {
    legacy.valid = new Set();
    legacy.refusal = 'who are you';
    await start();
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.body]).toEqual([401, 'who are you']);
    expect(legacy.tried).toEqual([OLD]);
    await until('it is told', () => managed.refusals.length === 1);
    expect(managed.refusals).toEqual([{ version: 1, status: 401, fallbackWorked: false }]);
    expect(managed.completed).toEqual([['ok', 401, 1, undefined]]);
  });

  it('in a storm of them reaches the legacy system no more than a few times', async () => {
    legacy.valid = new Set();
    await start();
    const answers = [];
    for (let calls = 0; calls < 50; calls += 1) answers.push(await managed.path.call(ACCOUNT));
    expect(legacy.tried.length).toBeLessThanOrEqual(4);
    const last = answers.at(-1);
    expect([last?.status, last?.headers['postern-error']]).toEqual([503, 'credential-unavailable']);
    expect(last?.headers['retry-after']).toBe('30');
    expect(managed.completed.at(-1)).toEqual([
      'credential_unavailable',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is told by the statuses that the resource says, and by no other', async () => {
    legacy.valid = new Set([OLD]);
    legacy.respond = (_, response) => response.writeHead(403).end('no');
    await start({ change: { fallbackVersion: 2 } });
    expect((await managed.path.call(ACCOUNT)).status).toBe(403);
    expect([legacy.tried, managed.refusals]).toEqual([[OLD], []]);
    await managed.stop();
    await start({
      change: { fallbackVersion: 2, state: 'rotating' },
      registration: { rotation: { refusals: [403] } },
    });
    legacy.tried.length = 0;
    expect((await managed.path.call(ACCOUNT)).status).toBe(401);
    expect(legacy.tried).toEqual([OLD, NEW]);
  });

  it('is sent once more with a small body, byte for byte', async () => {
    await start(POST);
    legacy.valid = new Set([NEW]);
    managed.change({ currentVersion: 2, epoch: 2 });
    const body = 'x'.repeat(64 * 1024);
    const answer = await managed.path.call('/proxy/ledger/entries', { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(await Promise.all(managed.path.backend.seen.map((one) => one.body))).toEqual([
      body,
      body,
    ]);
  });

  it.each([
    ['larger', 'x'.repeat(64 * 1024 + 1), {}],
    ['of unsaid length', 'x', { 'transfer-encoding': 'chunked' }],
  ])('is not sent once more with a body that was streamed: %s', async (_, body, headers) => {
    await start({ ...POST, change: { fallbackVersion: 2, state: 'rotating' } });
    legacy.valid = new Set([NEW]);
    const { plaintext } = await managed.path.parts.issue();
    const answer = await managed.path.call('/proxy/ledger/entries', {
      ...{ method: 'POST', body },
      headers: { authorization: `Bearer ${plaintext}`, ...headers },
    });
    expect([answer.status, answer.body]).toEqual([401, 'no']);
    expect(managed.path.backend.seen).toHaveLength(1);
    await until('it is told', () => managed.refusals.length === 1);
    expect(managed.refusals).toEqual([{ version: 1, status: 401, fallbackWorked: false }]);
  });

  it('shows neither version in the answer to the second attempt', async () => {
    await start();
    legacy.valid = new Set([NEW]);
    legacy.respond = (_, response) => {
      response.setHeader('x-tried', OLD);
      response.end(`${legacy.tried.join(' ')} ${Buffer.from(OLD).toString('base64')}`);
    };
    managed.change({ currentVersion: 2, epoch: 2 });
    const answer = await managed.path.call(ACCOUNT);
    expect(answer.status).toBe(200);
    const everything = JSON.stringify(answer);
    for (const value of [OLD, NEW]) {
      expect(everything).not.toContain(JSON.stringify(value).slice(1, -1));
      expect(everything).not.toContain(Buffer.from(value).toString('base64'));
    }
    expect(answer.body).toContain('*****');
  });

  it('shows neither version in a refusal that is passed on', async () => {
    legacy.valid = new Set();
    await start();
    legacy.refusal = `not ${OLD}`;
    const answer = await managed.path.call(ACCOUNT);
    expect(answer.status).toBe(401);
    expect(answer.body).not.toContain(OLD);
  });

  it('is not counted nor asked about where the credential is not managed', async () => {
    legacy.valid = new Set();
    await start({}, [passwordOf(OLD)]);
    managed.world.credentials.clear();
    await managed.managed.askAnew();
    for (let calls = 0; calls < 3; calls += 1) {
      expect((await managed.path.call(ACCOUNT)).status).toBe(401);
    }
    expect([legacy.tried.length, managed.refusals]).toEqual([3, []]);
  });
});
