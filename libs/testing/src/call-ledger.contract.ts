import { EventFactory, type PosternEvent } from '#events';
import { type HandleStatus } from '#handles';
import { type CallLedger, type CallStart, type StartOutcome } from '#injection';
import { randomId } from '#kernel';
import { FixedClock } from './fixed-clock.js';

/** What the ledger must know of a handle before it counts its calls. */
export interface LedgerHandle {
  readonly maxCalls: number;
  readonly status: HandleStatus;
  readonly expiresAt: Date;
}

/** A ledger, with the ways round it that the contract needs. */
export interface CallLedgerUnderTest {
  readonly ledger: CallLedger;
  /** A second ledger on the same storage, as in another process; the same one where there can be no other. */
  readonly twin: CallLedger;
  /** Stores a handle without calls and resolves to its id. */
  insertHandle(handle: LedgerHandle): Promise<string>;
  callsUsed(handleId: string): Promise<number>;
  /** Outcomes of the durable `call.completed` events of a handle, in order. */
  outcomes(handleId: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

const NOW = new Date('2026-11-20T12:00:00Z');
const LATER = new Date('2026-11-20T12:05:00Z');
const events = new EventFactory({
  clock: new FixedClock(NOW),
  environment: 'test',
  deployment: 'contract',
  component: 'proxy',
});

export const aCallStart = (handleId: string, overrides: Partial<CallStart> = {}): CallStart => ({
  callId: randomId('call'),
  handleId,
  resource: 'ledger',
  routeTemplate: '/accounts/{id}',
  method: 'GET',
  startedAt: NOW,
  correlationId: randomId('req'),
  ...overrides,
});

export const aCallCompleted = (
  call: CallStart,
  outcome: 'ok' | 'client_abort' | 'unknown_after_crash' = 'ok',
): PosternEvent<'dev.postern.call.completed.v1'> =>
  events.create('dev.postern.call.completed.v1', {
    subject: `call/${call.callId}`,
    partitionKey: call.handleId,
    correlationId: call.correlationId,
    data: {
      call_id: call.callId,
      handle_id: call.handleId,
      resource: call.resource,
      route_template: call.routeTemplate,
      method: call.method,
      bytes_in: 0,
      bytes_out: 0,
      duration_ms: 1,
      scrubbed: 0,
      outcome,
    },
  });

/** What every CallLedger must do. */
export function callLedgerContract(make: () => Promise<CallLedgerUnderTest>): void {
  describe('as a call ledger', () => {
    let under: CallLedgerUnderTest;
    const aHandle = (overrides: Partial<LedgerHandle> = {}): Promise<string> =>
      under.insertHandle({ maxCalls: 100, status: 'active', expiresAt: LATER, ...overrides });

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    it('counts a call before it answers that it started', async () => {
      const handleId = await aHandle();
      expect(await under.ledger.start(aCallStart(handleId))).toBe('started');
      expect(await under.callsUsed(handleId)).toBe(1);
    });

    it('permits maxCalls calls and not one more', async () => {
      const handleId = await aHandle({ maxCalls: 2 });
      const outcomes: StartOutcome[] = [];
      for (let n = 0; n < 3; n += 1) outcomes.push(await under.ledger.start(aCallStart(handleId)));
      expect(outcomes).toEqual(['started', 'started', 'exhausted']);
      expect(await under.callsUsed(handleId)).toBe(2);
    });

    it('stays exact when many calls of many handles start at once', async () => {
      const handleIds = [await aHandle({ maxCalls: 7 }), await aHandle({ maxCalls: 50 })];
      const ledgers = [under.ledger, under.twin];
      const outcomes = await Promise.all(
        Array.from({ length: 80 }, (_, n) =>
          ledgers[(n >> 1) % 2]!.start(aCallStart(handleIds[n % 2]!)),
        ),
      );
      const started = (parity: number): number =>
        outcomes.filter((outcome, n) => n % 2 === parity && outcome === 'started').length;
      expect([started(0), started(1)]).toEqual([7, 40]);
      expect([await under.callsUsed(handleIds[0]!), await under.callsUsed(handleIds[1]!)]).toEqual([
        7, 40,
      ]);
    });

    it.each(['revoked', 'suspended'] as const)(
      'refuses a %s handle, and counts nothing',
      async (status) => {
        const handleId = await aHandle({ status });
        expect(await under.ledger.start(aCallStart(handleId))).toBe('not-live');
        expect(await under.callsUsed(handleId)).toBe(0);
      },
    );

    it('refuses a handle at the instant it expires, and permits it a moment before', async () => {
      const handleId = await aHandle();
      const before = new Date(LATER.getTime() - 1);
      expect(await under.ledger.start(aCallStart(handleId, { startedAt: LATER }))).toBe('not-live');
      expect(await under.ledger.start(aCallStart(handleId, { startedAt: before }))).toBe('started');
    });

    it('refuses a handle that it does not know', async () => {
      expect(await under.ledger.start(aCallStart('hdl_nobody'))).toBe('not-live');
    });

    it('records the end of a call with its event, durable after flush', async () => {
      const handleId = await aHandle();
      const call = aCallStart(handleId);
      await under.ledger.start(call);
      under.ledger.finish({ callId: call.callId, event: aCallCompleted(call, 'client_abort') });
      await under.ledger.flush();
      expect(await under.outcomes(handleId)).toEqual(['client_abort']);
    });

    it('records the end of a call once', async () => {
      const handleId = await aHandle();
      const call = aCallStart(handleId);
      await under.ledger.start(call);
      for (let n = 0; n < 2; n += 1) {
        under.ledger.finish({ callId: call.callId, event: aCallCompleted(call) });
        await under.ledger.flush();
      }
      expect(await under.outcomes(handleId)).toEqual(['ok']);
    });

    it('sweeps what started before the instant and never finished, and nothing else', async () => {
      const handleId = await aHandle();
      const old = aCallStart(handleId, { startedAt: new Date(NOW.getTime() - 60_000) });
      const done = aCallStart(handleId, { startedAt: new Date(NOW.getTime() - 60_000) });
      for (const call of [old, done, aCallStart(handleId)]) await under.ledger.start(call);
      under.ledger.finish({ callId: done.callId, event: aCallCompleted(done) });
      await under.ledger.flush();
      const sweep = (): Promise<number> =>
        under.ledger.sweep(NOW, (call) => aCallCompleted(call, 'unknown_after_crash'));
      expect(await sweep()).toBe(1);
      expect(await sweep()).toBe(0);
      expect(await under.outcomes(handleId)).toEqual(['ok', 'unknown_after_crash']);
    });

    it('counts ahead what is needed, and more only while many are left', async () => {
      const id = await aHandle({ maxCalls: 100 });
      const reserve = (needed: number, wanted: number) =>
        under.ledger.reserve({ handleId: id, needed, wanted, at: NOW });
      expect(await reserve(1, 50)).toBe(12);
      expect(await reserve(3, 5)).toBe(5);
      expect(await reserve(40, 1_000)).toBe(40);
      expect(await reserve(1, 1_000)).toBe(5);
      expect(await reserve(60, 60)).toBe(38);
      expect(await under.callsUsed(id)).toBe(100);
      expect(await reserve(1, 1)).toBe('exhausted');
    });

    it('never counts more ahead than there are, over two processes at once', async () => {
      const id = await aHandle({ maxCalls: 100 });
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, nth) =>
          (nth % 2 === 0 ? under.ledger : under.twin).reserve({
            handleId: id,
            needed: 7,
            wanted: 50,
            at: NOW,
          }),
        ),
      );
      const granted = outcomes.filter((outcome) => typeof outcome === 'number');
      expect(granted.reduce((total, calls) => total + calls, 0)).toBe(100);
      expect(outcomes).toContain('exhausted');
    });

    it('takes back what was counted ahead and not made', async () => {
      const id = await aHandle({ maxCalls: 10 });
      await under.ledger.reserve({ handleId: id, needed: 10, wanted: 10, at: NOW });
      const other = await aHandle({ maxCalls: 10 });
      await under.ledger.reserve({ handleId: other, needed: 3, wanted: 3, at: NOW });
      const unused = [
        { handleId: id, calls: 4 },
        { handleId: other, calls: 2 },
        { handleId: 'hdl_of_nobody', calls: 1 },
      ];
      await under.ledger.release(unused);
      expect(await under.callsUsed(id)).toBe(6);
      expect(await under.callsUsed(other)).toBe(1);
      expect(await under.ledger.start(aCallStart(id))).toBe('started');
    });

    it.each<[string, Partial<LedgerHandle>]>([
      ['revoked', { status: 'revoked' }],
      ['suspended', { status: 'suspended' }],
      ['expired', { expiresAt: NOW }],
    ])('counts nothing ahead of a handle that is %s', async (_, overrides) => {
      const id = await aHandle(overrides);
      const reservation = { handleId: id, needed: 1, wanted: 1, at: NOW };
      expect(await under.ledger.reserve(reservation)).toBe('not-live');
      expect(await under.callsUsed(id)).toBe(0);
    });

    it('records the end of a call that was counted ahead, once', async () => {
      const id = await aHandle();
      await under.ledger.reserve({ handleId: id, needed: 1, wanted: 1, at: NOW });
      const call = aCallStart(id);
      const finish = { callId: call.callId, event: aCallCompleted(call) };
      under.ledger.finish(finish);
      under.ledger.finish(finish);
      await under.ledger.flush();
      expect(await under.outcomes(id)).toEqual(['ok']);
      expect(under.ledger.hasRoom).toBe(true);
    });
  });
}
