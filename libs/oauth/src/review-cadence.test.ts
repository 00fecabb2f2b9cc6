import fc from 'fast-check';
import { EventFactory } from '#events';
import { IssuerRegistry } from '#identity';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import { ReviewCadence } from '#oauth';
import { type Grant } from '#policy';
import {
  aGrant,
  aGrantSet,
  FixedClock,
  InMemoryEventJournal,
  InMemoryGrantSource,
  InMemoryReviewNotices,
  TEST_NOW,
  TestIssuer,
} from '#testing';

const DAY_SECONDS = 86_400;
const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 200;
const TYPE = 'dev.postern.review.due.v1';

const inDays = (days: number, seconds = 0): Date =>
  secondsAfter(TEST_NOW, days * DAY_SECONDS + seconds);

/** A cadence over one grant whose review is 100 days off, unless said otherwise; no issuer. */
class CadenceUnderTest {
  readonly clock = new FixedClock(TEST_NOW);
  readonly journal = new InMemoryEventJournal();
  readonly notices = new InMemoryReviewNotices(this.journal);
  readonly grants: InMemoryGrantSource;
  readonly cadence: ReviewCadence;

  constructor(grants: readonly Grant[] = [aGrant({ reviewBy: inDays(100) })], issuers = noIssuer) {
    this.grants = new InMemoryGrantSource(aGrantSet(grants));
    this.cadence = this.process(issuers);
  }

  /** Another process over the same notices. */
  process(issuers = noIssuer): ReviewCadence {
    const { clock, grants, notices } = this;
    const origin = { clock, environment: 'dev', deployment: 'test' };
    const events = new EventFactory({ ...origin, component: 'control' });
    return new ReviewCadence({ issuers, grants, notices, events, clock });
  }

  async checkAt(now: Date): Promise<number> {
    this.clock.set(now);
    return this.cadence.check();
  }

  told(): [string, number][] {
    return this.journal.of(TYPE).map(({ id, days_left }) => [id, days_left]);
  }
}

const noIssuer = IssuerRegistry.of([]);

describe('the review cadence', () => {
  it('tells a review 30 days, 7 days and 0 days before, each once', async () => {
    const under = new CadenceUnderTest();
    const told: number[] = [];
    for (let day = 0; day <= 110; day += 1) {
      for (const look of [0, 60]) told.push(await under.checkAt(inDays(day, look)));
    }
    expect(under.journal.of(TYPE).map(({ days_left }) => days_left)).toEqual([30, 7, 0]);
    expect(told.reduce((sum, count) => sum + count)).toBe(3);
  });

  it.each([
    [30, 70],
    [7, 93],
    [0, 100],
  ])('tells the notice of %i days from its very instant on', async (days, day) => {
    const under = new CadenceUnderTest();
    await under.checkAt(inDays(day, -0.001));
    expect(under.told().map(([, left]) => left)).not.toContain(days);
    await under.checkAt(inDays(day));
    expect(under.told().at(-1)?.[1]).toBe(days);
  });

  it.each([
    ['a month too late', 35, 7],
    ['a year too late', 400, 0],
  ])('tells the nearest notice only when it comes %s', async (_, daysOff, expected) => {
    const under = new CadenceUnderTest([aGrant({ reviewBy: inDays(40) })]);
    expect(await under.checkAt(inDays(daysOff))).toBe(1);
    expect(await under.checkAt(inDays(daysOff, 60))).toBe(0);
    expect(under.told().map(([, left]) => left)).toEqual([expected]);
  });

  it('tells nothing while all reviews are more than 30 days off', async () => {
    const under = new CadenceUnderTest();
    expect(await under.checkAt(inDays(69, DAY_SECONDS - 1))).toBe(0);
    expect(under.journal.events).toEqual([]);
  });

  it('tells issuers and grants, soonest first, with who owns them', async () => {
    const clock = new FixedClock(TEST_NOW);
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    const declared = issuer.declaration({ owner: 'platform@example', reviewBy: inDays(6) });
    const issuers = IssuerRegistry.of([declared]);
    const under = new CadenceUnderTest(
      [
        aGrant({ id: 'later', reviewBy: inDays(20), version: 4 }),
        aGrant({ id: 'old', reviewBy: TEST_NOW }),
      ],
      issuers,
    );
    expect(await under.cadence.check()).toBe(3);
    expect(under.journal.of(TYPE)).toMatchObject([
      { kind: 'grant', id: 'old', days_left: 0, owner: 'payments@example' },
      { kind: 'issuer', id: declared.id, days_left: 7, owner: 'platform@example' },
      { kind: 'grant', id: 'later', days_left: 30, grant_version: 4 },
    ]);
    expect(under.journal.events.map(({ severitytext }) => severitytext)).toEqual([
      'ERROR',
      'WARN',
      'INFO',
    ]);
    expect(under.journal.events[1]).toMatchObject({
      subject: `review/issuer/${declared.id}`,
      partitionkey: `review/issuer/${declared.id}`,
    });
    expect(under.journal.of(TYPE)[1]).not.toHaveProperty('grant_version');
  });

  it('tells nothing that another process, or the one before a restart, has told', async () => {
    const under = new CadenceUnderTest([aGrant({ reviewBy: inDays(20) })]);
    expect(await under.cadence.check()).toBe(1);
    expect(await under.process().check()).toBe(0);
    expect(under.journal.events).toHaveLength(1);
  });

  it('begins anew when a review was done and its date was moved', async () => {
    const under = new CadenceUnderTest([aGrant({ reviewBy: inDays(20) })]);
    await under.cadence.check();
    under.grants.replace(aGrantSet([aGrant({ reviewBy: inDays(25) })]));
    expect(await under.cadence.check()).toBe(1);
    under.grants.replace(aGrantSet([aGrant({ reviewBy: inDays(200) })]));
    expect(await under.cadence.check()).toBe(0);
  });

  it('tells later what it could not tell, and nothing twice', async () => {
    const grants = [
      aGrant({ id: 'a', reviewBy: inDays(1) }),
      aGrant({ id: 'b', reviewBy: inDays(2) }),
    ];
    const under = new CadenceUnderTest(grants);
    under.journal.setReachable(false);
    await expect(under.cadence.check()).rejects.toThrow(DependencyUnavailable);
    expect(under.journal.events).toEqual([]);
    under.journal.setReachable(true);
    expect(await under.cadence.check()).toBe(2);
    expect(await under.cadence.check()).toBe(0);
  });

  it('tells nothing more once it is told to stop', async () => {
    const under = new CadenceUnderTest([aGrant({ reviewBy: inDays(1) })]);
    expect(await under.cadence.check(AbortSignal.abort())).toBe(0);
    expect(await under.cadence.check(new AbortController().signal)).toBe(1);
  });

  it('cuts what a person wrote at length, so that the event fits', async () => {
    const under = new CadenceUnderTest([
      aGrant({ reviewBy: TEST_NOW, owner: 'o'.repeat(300), purpose: 'p'.repeat(300) }),
    ]);
    await under.cadence.check();
    const [due] = under.journal.of(TYPE);
    expect([due?.owner.length, due?.purpose?.length]).toEqual([256, 256]);
  });

  it('tells each notice at most once and never an earlier one after a later, whenever it looks', async () => {
    const days = fc.double({ min: 0, max: 120, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(days, { maxLength: 30 }), async (looks) => {
        const under = new CadenceUnderTest();
        const inOrder = [...looks].sort((one, other) => one - other);
        for (const day of inOrder) await under.checkAt(inDays(day));
        const told = under.told().map(([, left]) => left);
        expect(told).toEqual([30, 7, 0].filter((left) => told.includes(left)));
        expect(told.includes(0)).toBe(inOrder.some((day) => inDays(day) >= inDays(100)));
      }),
      { numRuns: RUNS },
    );
  });
});
