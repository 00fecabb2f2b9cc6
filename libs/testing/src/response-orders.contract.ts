import { type PlannedResponse, type ResponseOrder } from '#detection';
import { randomId, secondsAfter } from '#kernel';
import { aCandidate, DETECTION_AT, detectionSettings } from './detection-builders.js';
import { type DetectionStoreUnderTest, raising } from './detection-store-under-test.js';

const LONG_MS = 60_000;
const suspended: PlannedResponse = { action: 'suspend_grant', target: 'grant:g', seconds: 900 };

/** What every ResponseOrders must do. */
export function responseOrdersContract(make: () => Promise<DetectionStoreUnderTest>): void {
  describe('as orders of responses', () => {
    let under: DetectionStoreUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const order = async (count: number, response?: PlannedResponse, second = 0): Promise<void> => {
      const planned = response === undefined ? {} : { rule: 'D02' as const, responses: [response] };
      const candidates = Array.from({ length: count }, () => aCandidate(planned));
      await under.store.raise(
        candidates,
        raising(detectionSettings({ responseBudget: 100 }), second),
      );
    };
    const idsOf = (orders: readonly ResponseOrder[]): string[] => orders.map(({ id }) => id);

    it('gives nothing when nothing was ordered', async () => {
      expect(await under.orders.claim(10, LONG_MS)).toEqual([]);
    });

    it('gives the oldest first, as many as asked for, each to one caller', async () => {
      await order(1, undefined, 0);
      await order(2, undefined, 5);
      const [first] = await under.orders.claim(1, LONG_MS);
      expect(first!.orderedAt).toEqual(raising(undefined, 0).now);
      const others = await under.orders.claim(10, LONG_MS);
      expect(others).toHaveLength(2);
      expect(await under.orders.claim(10, LONG_MS)).toEqual([]);
    });

    it('gives no order to two who ask at once', async () => {
      await order(10);
      const claims = await Promise.all([1, 2, 3, 4].map(() => under.orders.claim(5, LONG_MS)));
      const ids = claims.flatMap(idsOf);
      expect(new Set(ids).size).toBe(ids.length);
      ids.push(...idsOf(await under.orders.claim(10, LONG_MS)));
      expect(new Set(ids).size).toBe(10);
    });

    it('gives an order again when its time with a caller is over, with one more attempt', async () => {
      await order(1);
      const [first] = await under.orders.claim(1, 1);
      const again = await claimedAgain(() => under.orders.claim(1, LONG_MS));
      expect(again).toEqual([{ ...first, attempts: 2 }]);
    });

    it.each(['done', 'nothing_to_do', 'failed'] as const)(
      'gives one that was settled as %s to nobody again, and tells it once',
      async (result) => {
        await order(1);
        const [claimed] = await under.orders.claim(1, 1);
        await under.orders.settle(claimed!, result);
        await under.orders.settle(claimed!, result);
        await order(1); // What is ordered later comes, so the first would have come too.
        const next = await under.orders.claim(10, LONG_MS);
        expect(idsOf(next)).toHaveLength(1);
        expect(idsOf(next)).not.toContain(claimed!.id);
        const { detectionId, response } = claimed!;
        const [, executed, ...more] = await under.told(detectionId);
        expect(more).toEqual([]);
        expect(executed).toMatchObject({
          type: 'dev.postern.response.executed.v1',
          partitionkey: 'sub_1',
          data: { detection_id: detectionId, target: response.target, result },
        });
      },
    );

    it('gives one that was cancelled to nobody, and tells it once', async () => {
      await order(1);
      const [claimed] = await under.orders.claim(1, 1);
      await claimedAgain(() => under.orders.claim(1, 1)); // Its time with them is over.
      await cancelled(claimed!);
      expect(await under.orders.cancel(claimed!)).toBe(false);
      await under.orders.settle(claimed!, 'done');
      expect(await under.orders.claim(10, LONG_MS)).toEqual([]);
      expect(await under.orders.expired(secondsAfter(claimed!.orderedAt, 9_000), 10)).toEqual([]);
      const [, executed, ...more] = await under.told(claimed!.detectionId);
      expect(more).toEqual([]);
      expect(executed).toMatchObject({ data: { result: 'nothing_to_do' } });
    });

    it('cancels none that somebody is at, or that is settled', async () => {
      await order(1);
      const [claimed] = await under.orders.claim(1, LONG_MS);
      expect(await under.orders.cancel(claimed!)).toBe(false);
      await under.orders.settle(claimed!, 'done');
      expect(await under.orders.cancel(claimed!)).toBe(false);
      const [, executed, ...more] = await under.told(claimed!.detectionId);
      expect(more).toEqual([]);
      expect(executed).toMatchObject({ data: { result: 'done' } });
    });

    const cancelled = async (order: ResponseOrder): Promise<void> => {
      while (!(await under.orders.cancel(order))) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };

    it('does nothing for an order that was never given', async () => {
      await order(1);
      const [claimed] = await under.orders.claim(1, LONG_MS);
      await under.orders.settle({ ...claimed!, id: randomId('rsp') }, 'done');
      expect(await under.told(claimed!.detectionId)).toHaveLength(1);
    });

    it('gives back what was done for a time, at the end of it, until it is settled again', async () => {
      await order(1, suspended);
      const [claimed] = await under.orders.claim(1, LONG_MS);
      const end = secondsAfter(claimed!.orderedAt, 900);
      expect(await under.orders.expired(end, 10)).toEqual([]);
      await under.orders.settle(claimed!, 'done');
      await under.orders.settle(claimed!, 'done'); // Nothing has been given back yet.
      expect(await under.orders.expired(secondsAfter(end, -0.001), 10)).toEqual([]);
      const [over] = await under.orders.expired(end, 10);
      expect(over).toEqual(claimed);
      expect(idsOf(await under.orders.expired(end, 10))).toEqual([claimed!.id]);
      await under.orders.settle(over!, 'done');
      expect(await under.orders.expired(secondsAfter(end, 900), 10)).toEqual([]);
      expect(await under.told(claimed!.detectionId)).toHaveLength(2);
    });

    it.each([
      ['what failed', suspended, 'failed'],
      ['what found nothing to do', suspended, 'nothing_to_do'],
      ['what stays', undefined, 'done'],
    ] as const)('never gives back %s', async (_, response, result) => {
      await order(1, response);
      const [claimed] = await under.orders.claim(1, LONG_MS);
      await under.orders.settle(claimed!, result);
      expect(await under.orders.expired(secondsAfter(DETECTION_AT, 100_000), 10)).toEqual([]);
    });
  });
}

const POLL_MS = 5;
const POLLS_MAX = 1000;

async function claimedAgain(
  claim: () => Promise<readonly ResponseOrder[]>,
): Promise<readonly ResponseOrder[]> {
  for (let polls = 0; polls < POLLS_MAX; polls += 1) {
    const claimed = await claim();
    if (claimed.length > 0) return claimed;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error('waited in vain for an order to be given again');
}
