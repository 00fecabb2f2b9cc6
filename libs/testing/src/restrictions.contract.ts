import { EVENT_BYTES_MAX, EventTooLarge, type PosternEvent } from '#events';
import {
  RESTRICTIONS_STANDING_MAX,
  type RestrictedExchanges,
  type Restriction,
  type RestrictionStore,
  type RestrictionTerms,
} from '#handles';
import { randomId, secondsAfter } from '#kernel';
import { aDenialEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** Restrictions, with the way round them that the contract needs. */
export interface RestrictionsUnderTest {
  readonly restrictions: RestrictionStore;
  /** The same restrictions as the token endpoint has them, and as another process of it. */
  readonly exchanges: RestrictedExchanges;
  readonly twin: RestrictedExchanges;
  /** So many more that stand until then, by whatever way is quick. */
  fill(count: number, until: Date): Promise<void>;
  /** The durable events of one partition key, in their order. */
  recorded(partitionKey: string): Promise<readonly { readonly id: string }[]>;
  close(): Promise<void>;
}

const KEY = 'sub_contract';
const AT_ONCE = 8;
const NOW = HANDLE_ISSUED_AT;

type Known = Omit<Restriction, keyof RestrictionTerms>;

export const aRestriction = (
  terms: RestrictionTerms = { kind: 'exchange_rate', entityId: KEY, limit: 20 },
  overrides: Partial<Known> = {},
): Restriction => ({
  ...terms,
  ...{ id: randomId('rst'), detectionId: 'det_1', rule: 'D10', imposedAt: NOW },
  ...{ until: secondsAfter(NOW, 600), liftedAt: undefined },
  ...overrides,
});

const EACH: readonly RestrictionTerms[] = [
  { kind: 'exchange_rate', entityId: 'sub_1', limit: 20 },
  { kind: 'known_credentials_only', entityId: 'sub_1', resources: ['ledger', 'archive'] },
  { kind: 'known_credentials_only', entityId: 'sub_2', resources: [] },
  { kind: 'guess_rate', entityId: '192.0.2.0/24', limit: 10 },
  { kind: 'source_block', entityId: 'office' },
  { kind: 'bytes_rate', entityId: 'hdl_1', limit: 9_000_000_000 },
];

/** What every RestrictionStore, and who counts by it, must do. */
export function restrictionsContract(make: () => Promise<RestrictionsUnderTest>): void {
  describe('as the place where restrictions are kept', () => {
    let under: RestrictionsUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const impose = (restriction: Restriction): Promise<string> =>
      under.restrictions.impose(restriction, aDenialEvent(KEY));
    const told = async (): Promise<number> => (await under.recorded(KEY)).length;
    const listed = (now = NOW): Promise<readonly Restriction[]> =>
      under.restrictions.list(now, { limit: 500 });
    const byId = (restrictions: readonly Restriction[]): Restriction[] =>
      restrictions.toSorted((one, other) => (one.id < other.id ? -1 : 1));

    it.each(EACH)('gives back what was imposed, to all who refuse by it: %j', async (terms) => {
      const [restriction, event] = [aRestriction(terms), aDenialEvent(KEY)];
      expect(await under.restrictions.impose(restriction, event)).toBe('imposed');
      expect(await under.exchanges.standing(NOW)).toEqual([restriction]);
      expect(await listed()).toEqual([restriction]);
      expect((await under.recorded(KEY)).map(({ id }) => id)).toEqual([event.id]);
    });

    it('gives them by id and a page at a time', async () => {
      const restrictions = EACH.map((terms) => aRestriction(terms));
      for (const restriction of restrictions) await impose(restriction);
      const sorted = byId(restrictions);
      expect(await listed()).toEqual(sorted);
      const page = await under.restrictions.list(NOW, { after: sorted[1]!.id, limit: 2 });
      expect(page).toEqual(sorted.slice(2, 4));
    });

    it('imposes one of an id once, also when it is over or was lifted', async () => {
      const restriction = aRestriction();
      const [once, again] = [await impose(restriction), await impose(restriction)];
      expect([once, again]).toEqual(['imposed', 'known']);
      await under.restrictions.lift(restriction.id, NOW, () => aDenialEvent('other'));
      expect(await impose(restriction)).toBe('known');
      expect([await listed(), await told()]).toEqual([[], 1]);
    });

    it('has none that is over, at the instant of its end', async () => {
      const restriction = aRestriction();
      await impose(restriction);
      const before = new Date(restriction.until.getTime() - 1);
      expect(await under.exchanges.standing(before)).toEqual([restriction]);
      expect(await under.exchanges.standing(restriction.until)).toEqual([]);
      expect(await listed(restriction.until)).toEqual([]);
    });

    it('has none that was lifted, lifts once, and tells of that once', async () => {
      const restriction = aRestriction();
      await impose(restriction);
      const liftedAt = secondsAfter(NOW, 60);
      const lift = (at: Date) =>
        under.restrictions.lift(restriction.id, at, () => aDenialEvent(KEY));
      const lifted = { ...restriction, liftedAt };
      expect(await lift(liftedAt)).toEqual({ restriction: lifted, isLifted: true });
      expect(await lift(secondsAfter(NOW, 90))).toEqual({ restriction: lifted, isLifted: false });
      expect(await under.exchanges.standing(secondsAfter(NOW, 61))).toEqual([]);
      expect(await told()).toBe(2);
    });

    it('lifts none that is over by itself, and knows of none that there is not', async () => {
      const restriction = aRestriction();
      await impose(restriction);
      const lift = (id: string) =>
        under.restrictions.lift(id, restriction.until, () => aDenialEvent(KEY));
      expect(await lift(restriction.id)).toEqual({ restriction, isLifted: false });
      expect(await lift('rst_none')).toBeUndefined();
      expect(await told()).toBe(1);
    });

    it('imposes none whose event cannot be written, and lifts none', async () => {
      const tooLarge: PosternEvent = { ...aDenialEvent(KEY), subject: 'x'.repeat(EVENT_BYTES_MAX) };
      const imposing = under.restrictions.impose(aRestriction(), tooLarge);
      await expect(imposing).rejects.toThrow(EventTooLarge);
      expect(await listed()).toEqual([]);
      const restriction = aRestriction();
      await impose(restriction);
      const lifting = under.restrictions.lift(restriction.id, NOW, () => tooLarge);
      await expect(lifting).rejects.toThrow(EventTooLarge);
      expect(await listed()).toEqual([restriction]);
    });

    it('forgets those whose end is before, with what was counted of them', async () => {
      const [old, young] = [0, 100].map((seconds) =>
        aRestriction(undefined, { until: secondsAfter(NOW, 600 + seconds) }),
      );
      await impose(old!);
      await impose(young!);
      await under.exchanges.count(old!.id, 0);
      expect(await under.restrictions.forget(secondsAfter(NOW, 650))).toBe(1);
      expect(await listed()).toEqual([young]);
    });

    it('counts each window of each restriction for itself, for all who count', async () => {
      const [one, other] = [aRestriction(), aRestriction()];
      await impose(one);
      await impose(other);
      const counted = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, nth) =>
          (nth % 2 === 0 ? under.exchanges : under.twin).count(one.id, 3),
        ),
      );
      expect(counted.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(await under.exchanges.count(one.id, 4)).toBe(1);
      expect(await under.exchanges.count(other.id, 3)).toBe(1);
    });

    it('holds as many as may stand, and one more when one is over', async () => {
      const short = secondsAfter(NOW, 60);
      await impose(aRestriction(undefined, { until: short }));
      await under.fill(RESTRICTIONS_STANDING_MAX - 1, secondsAfter(NOW, 600));
      expect(await impose(aRestriction())).toBe('full');
      expect(await impose(aRestriction(undefined, { imposedAt: short }))).toBe('imposed');
    });
  });
}
