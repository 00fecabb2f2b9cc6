import { type PlannedResponse, type ResponseRecords } from '#detection';
import { randomId, secondsAfter } from '#kernel';
import { aCandidate } from './detection-builders.js';
import {
  type DetectionStoreUnderTest,
  raising,
  settingsWith,
} from './detection-store-under-test.js';

const LEASE_MS = 60_000;
const suspension = (seconds?: number): PlannedResponse => ({
  action: 'suspend_handle',
  target: `handle:${randomId('hdl')}`,
  seconds,
});

/** What ResponseRecords tell of the orders of a store; there are none at first. */
export function responseRecordsContract(
  make: () => Promise<
    Pick<DetectionStoreUnderTest, 'store' | 'orders'> & { readonly records: ResponseRecords }
  >,
): void {
  describe('as records of responses', () => {
    let under: Awaited<ReturnType<typeof make>>;
    const by = raising(settingsWith('D07', { mode: 'enforce' }));
    const raised = async (...responses: readonly PlannedResponse[]): Promise<string> => {
      const sum = await under.store.raise([aCandidate({ rule: 'D07', responses })], by);
      return sum.raised[0]!.id;
    };
    beforeEach(async () => {
      under = await make();
    });

    it('tell what was ordered and waits, in the order in which it was ordered', async () => {
      const responses = [suspension(), suspension(600)];
      const records = await under.records.ofDetection(await raised(...responses));
      expect(records).toEqual(
        responses.map((response) => ({
          id: expect.stringMatching(/^rsp_/) as unknown,
          response,
          orderedAt: by.now,
          result: undefined,
          settledAt: undefined,
          endedAt: undefined,
        })),
      );
    });

    it.each(['done', 'nothing_to_do', 'failed'] as const)(
      'tell that one was %s, and when',
      async (result) => {
        const id = await raised(suspension());
        const [order] = await under.orders.claim(1, LEASE_MS);
        await under.orders.settle(order!, result);
        expect(await under.records.ofDetection(id)).toEqual([
          expect.objectContaining({
            id: order!.id,
            result,
            settledAt: expect.any(Date) as unknown,
            endedAt: undefined,
          }),
        ]);
      },
    );

    it('tell that one was taken back, and not before', async () => {
      const id = await raised(suspension(600));
      const [order] = await under.orders.claim(1, LEASE_MS);
      await under.orders.settle(order!, 'done');
      const [over] = await under.orders.expired(secondsAfter(by.now, 600), 10);
      expect((await under.records.ofDetection(id))[0]!.endedAt).toBeUndefined();
      await under.orders.settle(over!, 'done');
      expect((await under.records.ofDetection(id))[0]).toMatchObject({
        result: 'done',
        endedAt: expect.any(Date) as unknown,
      });
    });

    it('are of their detection alone, and none of another', async () => {
      const [one, other] = [await raised(suspension()), await raised()];
      expect(await under.records.ofDetection(one)).toHaveLength(1);
      expect(await under.records.ofDetection(other)).toEqual([]);
      expect(await under.records.ofDetection(randomId('det'))).toEqual([]);
    });
  });
}
