import { IssuerRegistry } from '#identity';
import { Metrics } from '#platform';
import { aGrant, aGrantSet, FixedClock, InMemoryGrantSource, TEST_NOW, TestIssuer } from '#testing';
import { Reviews } from './reviews.js';

const at = (day: string): Date => new Date(`${day}T00:00:00Z`);

async function reviewsOf(clock: FixedClock): Promise<Reviews> {
  const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
  const grants = [
    aGrant({ id: 'late', reviewBy: TEST_NOW }),
    aGrant({ id: 'last', resource: 'archive', reviewBy: at('2028-01-01') }),
  ];
  const declared = issuer.declaration({ owner: 'platform@example', reviewBy: at('2027-02-01') });
  return new Reviews({
    issuers: IssuerRegistry.of([declared]),
    grants: new InMemoryGrantSource(aGrantSet(grants)),
    clock,
  });
}

describe('reviews', () => {
  it('are listed soonest first, issuers and grants, with what is overdue', async () => {
    const reviews = await reviewsOf(new FixedClock(TEST_NOW));
    expect(reviews.byDate()).toMatchObject([
      { kind: 'grant', id: 'late', review_by: TEST_NOW.toISOString(), overdue: true },
      { kind: 'issuer', owner: 'platform@example', overdue: false },
      { kind: 'grant', id: 'last', owner: 'payments@example', overdue: false },
    ]);
  });

  it('are overdue from the instant on at which trust ends', async () => {
    const clock = new FixedClock(new Date(TEST_NOW.getTime() - 1));
    const reviews = await reviewsOf(clock);
    expect(reviews.byDate().some(({ overdue }) => overdue)).toBe(false);
    clock.set(TEST_NOW);
    expect(reviews.byDate().filter(({ overdue }) => overdue)).toHaveLength(1);
  });

  it('are counted whenever the count is read, as time goes by', async () => {
    const clock = new FixedClock(TEST_NOW);
    const metrics = new Metrics();
    (await reviewsOf(clock)).countIn(metrics);
    expect(await metrics.text()).toContain('postern_review_overdue 1\n');
    clock.set(at('2027-02-01'));
    expect(await metrics.text()).toContain('postern_review_overdue 2\n');
  });
});
