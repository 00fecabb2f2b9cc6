import { EventFactory, POLICY_ITEMS_MAX } from '#events';
import { DependencyUnavailable } from '#kernel';
import { aGrant, aGrantSet, FixedClock, InMemoryEventJournal, InMemoryGrantSource } from '#testing';
import { StandingList } from './standing-list.js';

const DAY = 86_400;

class Under {
  readonly clock = new FixedClock();
  readonly journal = new InMemoryEventJournal();
  readonly list: StandingList;

  constructor(
    ids: readonly string[],
    { resources = ['ledger'], unusedGrants = {} }: Partial<Terms> = {},
  ) {
    const { clock, journal } = this;
    const origin = { clock, environment: 'dev', deployment: 'test', component: 'control' } as const;
    this.list = new StandingList({
      grants: new InMemoryGrantSource(aGrantSet(ids.map((id) => aGrant({ id })))),
      ...{ resources, unusedGrants, journal, clock },
      events: new EventFactory(origin),
    });
  }

  get told() {
    return this.journal.of('dev.postern.policy.listed.v1');
  }
}

interface Terms {
  readonly resources: readonly string[];
  readonly unusedGrants: Readonly<Record<string, number>>;
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `g${String(n).padStart(62, '0')}`);

describe('the list of what there is', () => {
  it('is told once a day, with the time that a grant may be unused where it has one of its own', async () => {
    const under = new Under(['a', 'b'], { unusedGrants: { b: 180 * DAY, gone: DAY } });
    await under.list.tellDaily();
    await under.list.tellDaily();
    expect(under.told).toMatchObject([
      {
        grants: [{ grant_id: 'a' }, { grant_id: 'b', unused_after_days: 180 }],
        resources: ['ledger'],
      },
    ]);
    under.clock.advance(DAY / 2 - 1);
    await under.list.tellDaily();
    expect(under.told).toHaveLength(1);
    under.clock.advance(1); // It is midnight.
    await under.list.tellDaily();
    expect(under.told).toHaveLength(2);
  });

  it.each([
    [0, 1, 1],
    [POLICY_ITEMS_MAX, 1, 1],
    [POLICY_ITEMS_MAX + 1, 1, 2],
    [2, POLICY_ITEMS_MAX + 1, 2],
  ])(
    'of %d grants and %d resources is %d events, with each of them once',
    async (grants, resources, events) => {
      const names = numbered(resources);
      const under = new Under(numbered(grants), { resources: names });
      await under.list.tellDaily();
      expect(under.told).toHaveLength(events);
      expect(under.told.flatMap((one) => one.grants.map(({ grant_id: id }) => id)).sort()).toEqual(
        numbered(grants),
      );
      expect(under.told.flatMap((one) => one.resources)).toEqual(names);
      for (const event of under.journal.events) {
        expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(16_384);
      }
    },
  );

  it('is told by the next call when it could not be written', async () => {
    const under = new Under(['a']);
    under.journal.setReachable(false);
    await expect(under.list.tellDaily()).rejects.toThrow(DependencyUnavailable);
    under.journal.setReachable(true);
    await under.list.tellDaily();
    expect(under.told).toHaveLength(1);
  });
});
