import { EVENT_BYTES_MAX, EventTooLarge, type PosternEvent } from '#events';
import { type Canary, CANARIES_LIVE_MAX, type CanaryStore, mintCanary } from '#handles';
import { secondsAfter } from '#kernel';
import { aDenialEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** Canaries, with the way round them that the contract needs. */
export interface CanaryStoreUnderTest {
  readonly canaries: CanaryStore;
  /** The same canaries as another process has them. */
  readonly twin: CanaryStore;
  /** The durable events of one partition key, in their order. */
  recorded(partitionKey: string): Promise<readonly { readonly id: string }[]>;
  close(): Promise<void>;
}

const KEY = 'canary/contract';
const AT_ONCE = 8;

export function aCanary(overrides: Partial<Canary> = {}): Canary {
  const { id, digest } = mintCanary('handle', 'staging');
  return {
    ...{ id, digest, kind: 'handle', note: 'in the wiki', createdBy: 'sub_operator' },
    createdAt: HANDLE_ISSUED_AT,
    endedAt: undefined,
    ...overrides,
  };
}

/** What every CanaryStore must do. */
export function canaryStoreContract(make: () => Promise<CanaryStoreUnderTest>): void {
  describe('as the place where canaries are kept', () => {
    let under: CanaryStoreUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const plant = (canary: Canary, at = under.canaries): Promise<'planted' | 'full'> =>
      at.plant(canary, aDenialEvent(KEY));
    const told = async (): Promise<string[]> => (await under.recorded(KEY)).map(({ id }) => id);
    const endedAt = secondsAfter(HANDLE_ISSUED_AT, 60);

    it('has a planted canary among those that are live, in every process, and has recorded its event', async () => {
      const [canary, event] = [aCanary(), aDenialEvent(KEY)];
      expect(await under.canaries.plant(canary, event)).toBe('planted');
      expect(await under.twin.live()).toEqual([{ id: canary.id, digest: canary.digest }]);
      expect(await told()).toEqual([event.id]);
    });

    it('gives back what was kept, by id and a page at a time', async () => {
      const canaries = [aCanary(), aCanary({ kind: 'credential' }), aCanary({ note: 'a dump' })];
      for (const canary of canaries) await plant(canary);
      const sorted = canaries.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      expect(await under.twin.list({ limit: 500 })).toEqual(sorted);
      expect(await under.twin.list({ limit: 1, after: sorted[0]!.id })).toEqual([sorted[1]]);
    });

    it('has one that ended no more among those that are live, and keeps it in the list', async () => {
      const canary = aCanary();
      await plant(canary);
      const event = aDenialEvent(KEY);
      const ended = { ...canary, endedAt };
      expect(await under.canaries.end(canary.id, endedAt, () => event)).toEqual(ended);
      expect(await under.twin.live()).toEqual([]);
      expect(await under.twin.list({ limit: 10 })).toEqual([ended]);
      expect((await told()).at(-1)).toBe(event.id);
    });

    it('ends one once: again it stays as it was, without another event', async () => {
      const canary = aCanary();
      await plant(canary);
      await under.canaries.end(canary.id, endedAt, () => aDenialEvent(KEY));
      const later = secondsAfter(endedAt, 60);
      const again = await under.twin.end(canary.id, later, () => aDenialEvent(KEY));
      expect(again).toEqual({ ...canary, endedAt });
      expect(await told()).toHaveLength(2);
    });

    it('knows nothing of an id that there is not', async () => {
      const ended = await under.canaries.end('can_none', endedAt, () => aDenialEvent(KEY));
      expect(ended).toBeUndefined();
      expect(await told()).toEqual([]);
    });

    it('plants none whose event cannot be written, and ends none', async () => {
      const tooLarge: PosternEvent = { ...aDenialEvent(KEY), subject: 'x'.repeat(EVENT_BYTES_MAX) };
      await expect(under.canaries.plant(aCanary(), tooLarge)).rejects.toThrow(EventTooLarge);
      expect(await under.twin.list({ limit: 10 })).toEqual([]);
      const canary = aCanary();
      await plant(canary);
      const ending = under.canaries.end(canary.id, endedAt, () => tooLarge);
      await expect(ending).rejects.toThrow(EventTooLarge);
      expect(await under.twin.live()).toHaveLength(1);
    });

    it('holds as many live ones as it may, however many are planted at once, and one more when one ends', async () => {
      const first = aCanary();
      await plant(first);
      for (let planted = 1; planted < CANARIES_LIVE_MAX - 1; planted += 1) await plant(aCanary());
      const outcomes = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, nth) =>
          plant(aCanary(), nth % 2 === 0 ? under.canaries : under.twin),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'planted')).toHaveLength(1);
      expect(await under.twin.live()).toHaveLength(CANARIES_LIVE_MAX);
      await under.canaries.end(first.id, endedAt, () => aDenialEvent(KEY));
      expect(await plant(aCanary())).toBe('planted');
    }, 60_000);
  });
}
