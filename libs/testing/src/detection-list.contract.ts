import { type Candidate, type Detection, type DetectionFilter } from '#detection';
import { secondsAfter } from '#kernel';
import { aCandidate, DETECTION_AT } from './detection-builders.js';
import { type DetectionStoreUnderTest, raising } from './detection-store-under-test.js';

/** How every DetectionStore lists. */
export function detectionListContract(
  under: () => DetectionStoreUnderTest,
  raised: (overrides?: Partial<Candidate>) => Promise<Detection>,
): void {
  const listed = async (filter: Partial<DetectionFilter>): Promise<string[]> =>
    (await under().store.list({ limit: 500, ...filter })).map(({ id }) => id);

  it('lists the newest first, page by page, those of one instant too', async () => {
    const ids: string[] = [];
    for (const second of [1, 2, 2, 2, 3]) {
      const by = raising(undefined, second);
      ids.unshift((await under().store.raise([aCandidate()], by)).raised[0]!.id);
    }
    const order = [ids[0], ...ids.slice(1, 4).sort(), ids[4]];
    expect(await listed({})).toEqual(order);
    const pages: string[] = [];
    for (let page = await listed({ limit: 2 }); page.length > 0;) {
      expect(page.length).toBeLessThanOrEqual(2);
      pages.push(...page);
      page = await listed({ limit: 2, after: page.at(-1)! });
    }
    expect(pages).toEqual(order);
  });

  it('lists by rule, entity, severity and status', async () => {
    const one = await raised({ rule: 'D06', severity: 'critical' });
    const two = await raised({ rule: 'D04', severity: 'low' });
    const three = await raised({
      rule: 'D04',
      severity: 'high',
      entity: { type: 'subject', id: 's' },
    });
    const by = { resolution: 'benign', operatorId: undefined, note: undefined } as const;
    await under().store.close(three.id, { ...by, ...raising() });
    expect(await listed({ rule: 'D06' })).toEqual([one.id]);
    expect(await listed({ rule: 'D99' })).toEqual([]);
    expect(await listed({ entity: { type: 'subject', id: 's' } })).toEqual([three.id]);
    expect(await listed({ entity: { type: 'handle', id: 's' } })).toEqual([]);
    expect(await listed({ severity: ['critical', 'high'] })).toEqual([one.id, three.id].sort());
    expect(await listed({ severity: ['medium'] })).toEqual([]);
    expect(await listed({ status: 'open' })).toEqual([one.id, two.id].sort());
    expect(await listed({ status: 'closed' })).toEqual([three.id]);
    expect(await listed({ status: 'open', rule: 'D04', severity: ['low'] })).toEqual([two.id]);
  });

  it('lists those that were last changed before an instant, and not at it', async () => {
    const { id, updatedAt } = await raised();
    expect(await listed({ changedBefore: updatedAt })).toEqual([]);
    expect(await listed({ changedBefore: secondsAfter(updatedAt, 0.001) })).toEqual([id]);
    expect(await listed({ changedBefore: DETECTION_AT })).toEqual([]);
  });
}
