import { type IncomingMessage, type ServerResponse } from 'node:http';
import { until } from '../support/until.js';
import { LegacyAccount, ManagedPath, NEW, OLD } from './managed-path.js';
import { OpenCall } from './open-call.js';
import { handshake, SocketBackend, SocketCaller } from './websocket-path.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const BOUND_MS = 1_500;

/** Begins an answer that never ends. */
const endless = (_: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const timer = setInterval(() => response.write('data: more\n\n'), 20);
  response.on('close', () => {
    clearInterval(timer);
  });
};

describe('a rotation of a legacy system that knows one password', () => {
  let legacy: LegacyAccount;
  let managed: ManagedPath;
  beforeEach(async () => {
    legacy = new LegacyAccount(OLD);
    managed = await ManagedPath.start({ respond: legacy.judge });
  });
  afterEach(() => managed.stop());

  it('fails no call: those under way end, those that come wait, and all go on', async () => {
    let answer: () => void = () => undefined;
    legacy.gate = new Promise((resolve) => (answer = resolve));
    const early = Array.from({ length: 5 }, () => managed.path.call(ACCOUNT));
    await until('they are there', () => managed.path.backend.seen.length === 5);
    await managed.put({ gate: 'quiescing', state: 'rotating' });
    const late = Array.from({ length: 20 }, () => managed.path.call(ACCOUNT));
    await until('they wait', () => managed.managed.waiting === 20);
    expect(await managed.uses()).toEqual([{ version: 1, open: 5, unanswered: 5 }]);
    const [instance] = managed.world.usesOf({ mount: 'secret', path: 'legacy/ledger' });
    expect(instance?.holding).toBe(true);
    expect(managed.world.isQuiet({ mount: 'secret', path: 'legacy/ledger' })).toBe(false);
    answer();
    for (const { status } of await Promise.all(early)) expect(status).toBe(200);
    await managed.managed.askAnew();
    expect(managed.world.isQuiet({ mount: 'secret', path: 'legacy/ledger' })).toBe(true);
    managed.change({ gate: 'held' });
    legacy.valid = new Set([NEW]);
    await managed.put({ gate: 'open', currentVersion: 2, epoch: 2 });
    for (const { status } of await Promise.all(late)) expect(status).toBe(200);
    expect(legacy.tried).toEqual([...Array<string>(5).fill(OLD), ...Array<string>(20).fill(NEW)]);
    expect(managed.refusals).toEqual([]);
    expect(managed.path.backend.seen).toHaveLength(25);
  });

  it('that finds no quiet lets the calls go with the old password after two seconds', async () => {
    await managed.put({ gate: 'quiescing', state: 'rotating' });
    const begun = performance.now();
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(1_500);
    expect(legacy.tried).toEqual([OLD]);
  });

  it('lets go of a call that waits when its handle is revoked, and sends nothing of it', async () => {
    await managed.put({ gate: 'held', state: 'rotating' });
    const { plaintext, handle } = await managed.path.parts.issue();
    const call = OpenCall.begin(managed.path.port, ACCOUNT, plaintext);
    await until('it waits', () => managed.managed.waiting === 1);
    managed.path.parts.records.handles.set(handle.id, { ...handle, status: 'revoked' });
    await until('it is answered', () => call.end !== undefined, BOUND_MS);
    expect([call.status, managed.managed.waiting, legacy.tried]).toEqual([401, 0, []]);
  });

  it('lets go of a call that waits when its caller goes away', async () => {
    await managed.put({ gate: 'held', state: 'rotating' });
    const { plaintext } = await managed.path.parts.issue();
    const call = OpenCall.begin(managed.path.port, ACCOUNT, plaintext);
    await until('it waits', () => managed.managed.waiting === 1);
    call.abort();
    await until('it does not wait', () => managed.managed.waiting === 0, BOUND_MS);
    await managed.put({ gate: 'open' });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    expect(legacy.tried).toEqual([OLD]);
  });
});

describe('a call under way with a version that is retired', () => {
  let managed: ManagedPath;
  afterEach(() => managed.stop());

  it('is cut when it streams; one with the new version goes on', async () => {
    managed = await ManagedPath.start({ respond: endless });
    const open = async (): Promise<OpenCall> => {
      const { plaintext } = await managed.path.parts.issue();
      return OpenCall.begin(managed.path.port, ACCOUNT, plaintext);
    };
    const old = await open();
    await until('it streams', () => old.body !== '');
    await managed.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    await until('the new one is read', () => managed.managed.rows[0]?.row?.currentVersion === 2);
    const fresh = await open();
    await until('it streams', () => fresh.body !== '');
    expect(await managed.uses()).toEqual([
      { version: 1, open: 1, unanswered: 0 },
      { version: 2, open: 1, unanswered: 0 },
    ]);
    expect(old.end).toBeUndefined();
    await managed.put({ fallbackVersion: undefined, retiredVersion: 1 });
    await until('it is cut', () => old.end === 'cut', BOUND_MS);
    const soFar = fresh.body.length;
    await until('the other goes on', () => fresh.body.length > soFar + 100);
    expect(managed.completed).toEqual([['response_cut', 200, 1, undefined]]);
    expect(await managed.uses()).toEqual([{ version: 2, open: 1, unanswered: 0 }]);
    fresh.abort();
  });

  it('and waits for an answer is answered that the credential is not available', async () => {
    managed = await ManagedPath.start({ respond: () => undefined });
    const answer = managed.path.call(ACCOUNT);
    await until('it is there', () => managed.path.backend.seen.length === 1);
    await managed.put({ currentVersion: 2, retiredVersion: 1, epoch: 2 });
    expect(await answer).toMatchObject({
      status: 503,
      headers: { 'postern-error': 'credential-unavailable' },
    });
  });

  it('is cut when it is a WebSocket', async () => {
    const sockets = await SocketBackend.start();
    managed = await ManagedPath.start({
      registration: { destination: `${sockets.origin}/api` },
      policy: { scopes: { 'ledger.read': ['UPGRADE /stream/{id}'] } },
    });
    const { plaintext } = await managed.path.parts.issue();
    const caller = SocketCaller.open(managed.path.port, handshake(`Bearer ${plaintext}`));
    await until('an answer', () => caller.answer.includes('\r\n\r\n'));
    caller.send('hello');
    await until('it speaks', () => caller.texts.includes('hello'));
    expect(await managed.uses()).toEqual([{ version: 1, open: 1, unanswered: 0 }]);
    await managed.put({ currentVersion: 2, retiredVersion: 1, epoch: 2 });
    await caller.closed;
    await until('it is counted no more', () => managed.path.parts.ledger.completed.length === 1);
    expect(await managed.uses()).toEqual([]);
    await sockets.stop();
  });
});

describe('a managed credential without its census', () => {
  it('is put on no call', async () => {
    const legacy = new LegacyAccount(OLD);
    const managed = await ManagedPath.start({ respond: legacy.judge });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    managed.world.setReachable(false);
    managed.path.parts.clock.advance(3);
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'credential-unavailable',
    ]);
    expect(answer.headers['retry-after']).toBe('1');
    expect(legacy.tried).toEqual([OLD]);
    managed.world.setReachable(true);
    await managed.managed.askAnew();
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    await managed.stop();
    expect(managed.world.instances.size).toBe(0);
  });

  it('is put on no call when its pinned version cannot be read, whatever is newest', async () => {
    const legacy = new LegacyAccount(OLD, NEW);
    const managed = await ManagedPath.start({ respond: legacy.judge });
    managed.path.parts.secrets.mark({ mount: 'secret', path: 'legacy/ledger' }, 1, 'destroyed');
    managed.path.parts.clock.advance(13); // Over the time after which the store is asked again.
    await managed.path.call(ACCOUNT);
    await until('it is known', () => managed.path.parts.credentials.versionsInUse().length === 0);
    legacy.tried.length = 0;
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, legacy.tried]).toEqual([503, []]);
    await managed.stop();
  });
});
