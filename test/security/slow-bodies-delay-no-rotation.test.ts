import { until } from '../support/until.js';
import { LegacyAccount, ManagedPath, NEW, OLD } from './managed-path.js';
import { OpenCall } from './open-call.js';

const ENTRIES = '/proxy/ledger/entries';
const REF = { mount: 'secret', path: 'legacy/ledger' };
const POST = {
  policy: { scopes: { 'ledger.read': ['GET /accounts/**', 'POST /entries'] } },
} as const;
const BODY_FIELD = { kind: 'body-field', format: 'json', name: 'pw', value: 'password' } as const;
const LIMITS = {
  ...{ totalTimeoutMs: 10_000, connectTimeoutMs: 1_000, headersTimeoutMs: 1_000 },
  ...{ idleTimeoutMs: 1_000, requestBytesMax: 65_536, responseBytesMax: 65_536 },
  concurrencyMax: 10,
  audit: 'strict',
} as const;

/** Says that its body is this long, and sends one byte of it. */
async function slowCall(managed: ManagedPath, bytes: number): Promise<OpenCall> {
  const { plaintext } = await managed.path.parts.issue();
  const headers = { 'content-length': String(bytes), 'content-type': 'application/json' };
  const call = OpenCall.begin(managed.path.port, ENTRIES, plaintext, { method: 'POST', headers });
  call.write('{');
  return call;
}

describe('a caller who takes his time with a small body', () => {
  let legacy: LegacyAccount;
  let managed: ManagedPath;
  beforeEach(() => {
    legacy = new LegacyAccount(OLD);
  });
  afterEach(() => managed.stop());

  const underWay = (calls: number): Promise<void> =>
    until('they are under way', () => managed.path.parts.ledger.started.length === calls);

  it.each([
    ['a header', {}],
    ['the body', { inject: BODY_FIELD }],
  ])('keeps no rotation from finding quiet, with the secret in %s', async (_, registration) => {
    managed = await ManagedPath.start({ respond: legacy.judge, ...POST, registration });
    const calls = await Promise.all([slowCall(managed, 100), slowCall(managed, 64 * 1024)]);
    await underWay(2);
    await managed.put({ gate: 'quiescing', state: 'rotating' });
    await managed.managed.askAnew();
    expect(managed.world.isQuiet(REF)).toBe(true);
    for (const call of calls) call.abort();
  });

  it('gets the password that counts when the body is there, not when it began', async () => {
    managed = await ManagedPath.start({ respond: legacy.judge, ...POST });
    const call = await slowCall(managed, 2);
    await underWay(1);
    await managed.put({ gate: 'held', state: 'rotating' });
    legacy.valid = new Set([NEW]);
    call.write('}');
    await until('it waits', () => managed.managed.waiting === 1);
    await managed.put({ gate: 'open', currentVersion: 2, epoch: 2 });
    await call.ended;
    expect([call.status, legacy.tried]).toEqual([200, [NEW]]);
    expect(await managed.path.backend.seen[0]?.body).toBe('{}');
  });

  it('has its place for as long as a call may take, and no longer', async () => {
    managed = await ManagedPath.start({
      ...{ respond: legacy.judge, ...POST },
      registration: { call: { ...LIMITS, totalTimeoutMs: 1_000 } },
    });
    const call = await slowCall(managed, 1_000);
    await underWay(1);
    const drip = setInterval(() => call.write('x'), 100);
    await until('it is answered', () => call.end !== undefined, 3_000);
    clearInterval(drip);
    expect([call.status, legacy.tried]).toEqual([504, []]);
  });
});
