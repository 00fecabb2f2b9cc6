import { type FirstUse } from '#injection';
import {
  aCallCompleted,
  aCallStart,
  aFirstUse,
  CALLED_AT,
  type CallLedgerUnderTest,
  HANDLES_EXPIRE_AT,
  type LedgerHandle,
} from './call-ledger-under-test.js';

/** Of each handle the first call that is counted is told of, and no other. */
export function firstUsesContract(under: () => CallLedgerUnderTest): void {
  describe('that tells of first uses', () => {
    const aHandle = (overrides: Partial<LedgerHandle> = {}): Promise<string> =>
      under().insertHandle({
        maxCalls: 100,
        status: 'active',
        expiresAt: HANDLES_EXPIRE_AT,
        ...overrides,
      });
    const start = (handleId: string, firstUse?: FirstUse, ledger = under().ledger) =>
      ledger.start(aCallStart(handleId, { firstUse }));
    const reserve = (handleId: string, firstUse?: FirstUse, ledger = under().ledger) =>
      ledger.reserve({ handleId, needed: 1, wanted: 5, at: CALLED_AT, firstUse });

    it.each([
      ['started', start],
      ['counted ahead', reserve],
    ])('tells of the first call that is %s, before it answers', async (_, count) => {
      const handleId = await aHandle();
      const firstUse = aFirstUse(handleId);
      await count(handleId, firstUse);
      expect(await under().firstUses(handleId)).toEqual([firstUse.id]);
    });

    it('tells of no later one, whichever way it is counted and wherever', async () => {
      const handleId = await aHandle();
      const firstUse = aFirstUse(handleId);
      await reserve(handleId, firstUse);
      for (const ledger of [under().ledger, under().twin]) {
        await start(handleId, aFirstUse(handleId), ledger);
        await reserve(handleId, aFirstUse(handleId), ledger);
      }
      expect(await under().firstUses(handleId)).toEqual([firstUse.id]);
    });

    it('tells of one, when many processes count the first calls of many handles at once', async () => {
      const handleIds = await Promise.all(Array.from({ length: 6 }, () => aHandle()));
      const ledgers = [under().ledger, under().twin];
      const told = new Map(handleIds.map((id) => [id, new Set<string>()]));
      await Promise.all(
        Array.from({ length: 120 }, (_, n) => {
          const handleId = handleIds[n % 6]!;
          const firstUse = aFirstUse(handleId);
          told.get(handleId)!.add(firstUse.id);
          const count = n % 5 === 0 ? reserve : start;
          return count(handleId, firstUse, ledgers[(n >> 3) % 2]);
        }),
      );
      for (const handleId of handleIds) {
        const [only, ...more] = await under().firstUses(handleId);
        expect(told.get(handleId)!.has(only!)).toBe(true);
        expect(more).toEqual([]);
      }
    });

    it.each<[string, Partial<LedgerHandle>]>([
      ['is revoked', { status: 'revoked' }],
      ['is suspended', { status: 'suspended' }],
      ['has expired', { expiresAt: CALLED_AT }],
      ['has no call left', { maxCalls: 0 }],
    ])('tells of no call of a handle that %s', async (_, overrides) => {
      const handleId = await aHandle(overrides);
      await start(handleId, aFirstUse(handleId));
      await reserve(handleId, aFirstUse(handleId));
      expect(await under().firstUses(handleId)).toEqual([]);
    });

    it('tells of it once it is permitted, when the first that was asked for was not', async () => {
      const handleId = await aHandle();
      const late = aCallStart(handleId, {
        startedAt: HANDLES_EXPIRE_AT,
        firstUse: aFirstUse(handleId),
      });
      const firstUse = aFirstUse(handleId);
      const outcomes = await Promise.all([under().ledger.start(late), start(handleId, firstUse)]);
      expect(outcomes).toEqual(['not-live', 'started']);
      expect(await under().firstUses(handleId)).toEqual([firstUse.id]);
    });

    it('needs no end of that call: it may go on for long, or be lost in a crash', async () => {
      const handleId = await aHandle();
      const firstUse = aFirstUse(handleId);
      const startedAt = new Date(CALLED_AT.getTime() - 60_000);
      await under().ledger.start(aCallStart(handleId, { startedAt, firstUse }));
      expect(await under().firstUses(handleId)).toEqual([firstUse.id]);
      await under().ledger.sweep(CALLED_AT, (call) => aCallCompleted(call, 'unknown_after_crash'));
      expect(await under().firstUses(handleId)).toEqual([firstUse.id]);
    });

    it('tells of nothing when a call says that it was told of', async () => {
      const handleId = await aHandle();
      await start(handleId);
      await reserve(handleId);
      expect(await under().firstUses(handleId)).toEqual([]);
    });
  });
}
