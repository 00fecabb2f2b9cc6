import { type StartOutcome } from '#injection';
import {
  aCallCompleted,
  aCallStart,
  CALLED_AT,
  type CallLedgerUnderTest,
  HANDLES_EXPIRE_AT,
  type LedgerHandle,
} from './call-ledger-under-test.js';
import { firstUsesContract } from './first-uses.contract.js';

/** What every CallLedger must do. */
export function callLedgerContract(make: () => Promise<CallLedgerUnderTest>): void {
  describe('as a call ledger', () => {
    let under: CallLedgerUnderTest;
    const aHandle = (overrides: Partial<LedgerHandle> = {}): Promise<string> =>
      under.insertHandle({
        maxCalls: 100,
        status: 'active',
        expiresAt: HANDLES_EXPIRE_AT,
        ...overrides,
      });

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
      const before = new Date(HANDLES_EXPIRE_AT.getTime() - 1);
      expect(await under.ledger.start(aCallStart(handleId, { startedAt: HANDLES_EXPIRE_AT }))).toBe(
        'not-live',
      );
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
      const old = aCallStart(handleId, { startedAt: new Date(CALLED_AT.getTime() - 60_000) });
      const done = aCallStart(handleId, { startedAt: new Date(CALLED_AT.getTime() - 60_000) });
      for (const call of [old, done, aCallStart(handleId)]) await under.ledger.start(call);
      under.ledger.finish({ callId: done.callId, event: aCallCompleted(done) });
      await under.ledger.flush();
      const sweep = (): Promise<number> =>
        under.ledger.sweep(CALLED_AT, (call) => aCallCompleted(call, 'unknown_after_crash'));
      expect(await sweep()).toBe(1);
      expect(await sweep()).toBe(0);
      expect(await under.outcomes(handleId)).toEqual(['ok', 'unknown_after_crash']);
    });

    it('counts ahead what is needed, and more only while many are left', async () => {
      const id = await aHandle({ maxCalls: 100 });
      const reserve = (needed: number, wanted: number) =>
        under.ledger.reserve({ handleId: id, needed, wanted, at: CALLED_AT });
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
            at: CALLED_AT,
          }),
        ),
      );
      const granted = outcomes.filter((outcome) => typeof outcome === 'number');
      expect(granted.reduce((total, calls) => total + calls, 0)).toBe(100);
      expect(outcomes).toContain('exhausted');
    });

    it('takes back what was counted ahead and not made', async () => {
      const id = await aHandle({ maxCalls: 10 });
      await under.ledger.reserve({ handleId: id, needed: 10, wanted: 10, at: CALLED_AT });
      const other = await aHandle({ maxCalls: 10 });
      await under.ledger.reserve({ handleId: other, needed: 3, wanted: 3, at: CALLED_AT });
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
      ['expired', { expiresAt: CALLED_AT }],
    ])('counts nothing ahead of a handle that is %s', async (_, overrides) => {
      const id = await aHandle(overrides);
      const reservation = { handleId: id, needed: 1, wanted: 1, at: CALLED_AT };
      expect(await under.ledger.reserve(reservation)).toBe('not-live');
      expect(await under.callsUsed(id)).toBe(0);
    });

    it('records the end of a call that was counted ahead, once', async () => {
      const id = await aHandle();
      await under.ledger.reserve({ handleId: id, needed: 1, wanted: 1, at: CALLED_AT });
      const call = aCallStart(id);
      const finish = { callId: call.callId, event: aCallCompleted(call) };
      under.ledger.finish(finish);
      under.ledger.finish(finish);
      await under.ledger.flush();
      expect(await under.outcomes(id)).toEqual(['ok']);
      expect(under.ledger.hasRoom).toBe(true);
    });

    firstUsesContract(() => under);
  });
}
