import fc from 'fast-check';
import { type RestrictionKind, restrictionKinds } from '#events';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import {
  aDenialEvent,
  aRestriction,
  FixedClock,
  HANDLE_ISSUED_AT as NOW,
  InMemoryEventJournal,
  InMemoryRestrictionStore,
} from '#testing';
import { ImposedRestrictions } from './imposed-restrictions.js';
import { StandingRestrictions } from './restriction-store.js';
import {
  isStanding,
  type Restriction,
  type RestrictionOf,
  type RestrictionTerms,
  secondsUntilEnd,
  windowAt,
} from './restriction.js';

const termsOf = (kind: RestrictionKind, entityId: string): RestrictionTerms => {
  if (kind === 'source_block') return { kind, entityId };
  if (kind === 'known_credentials_only') return { kind, entityId, resources: ['ledger'] };
  return { kind, entityId, limit: 20 };
};

describe('the restrictions that a process knows of', () => {
  const clock = new FixedClock(NOW);
  let store: InMemoryRestrictionStore;
  let imposed: ImposedRestrictions;
  beforeEach(() => {
    clock.set(NOW);
    store = new InMemoryRestrictionStore(new InMemoryEventJournal());
    imposed = new ImposedRestrictions({ lookup: store, clock });
  });
  const impose = async (...restrictions: readonly Restriction[]): Promise<void> => {
    for (const one of restrictions) await store.impose(one, aDenialEvent());
  };

  it('are of the very kind and entity that is asked for, whatever else is restricted', async () => {
    const entity = fc.oneof(
      fc.constantFrom('sub_1', 'sub_12', 'hdl_1', '192.0.2.0/24', 'office', '__proto__'),
      fc.string({ minLength: 1, maxLength: 20 }),
    );
    const target = fc.record({ kind: fc.constantFrom(...restrictionKinds), entityId: entity });
    await fc.assert(
      fc.asyncProperty(fc.array(target, { maxLength: 20 }), target, async (others, asked) => {
        const restrictions = others.map(({ kind, entityId }) =>
          aRestriction(termsOf(kind, entityId)),
        );
        const known = new ImposedRestrictions({ lookup: among(restrictions), clock });
        await known.refresh();
        const meant = restrictions.filter(
          ({ kind, entityId }) => kind === asked.kind && entityId === asked.entityId,
        );
        expect(known.of(asked.kind, asked.entityId)).toEqual(meant);
        expect(known.hasAny(asked.kind)).toBe(others.some(({ kind }) => kind === asked.kind));
      }),
    );
  });

  it('are none before the first look, and all of an entity after it', async () => {
    const [one, other] = [aRestriction(), aRestriction()];
    await impose(one, other);
    expect(imposed.of('exchange_rate', one.entityId)).toEqual([]);
    await imposed.refresh();
    expect(new Set(imposed.of('exchange_rate', one.entityId))).toEqual(new Set([one, other]));
  });

  it('end at their end without another look', async () => {
    const restriction = aRestriction();
    await impose(restriction);
    await imposed.refresh();
    clock.set(new Date(restriction.until.getTime() - 1));
    expect(imposed.of('exchange_rate', restriction.entityId)).toEqual([restriction]);
    clock.set(restriction.until);
    expect(imposed.of('exchange_rate', restriction.entityId)).toEqual([]);
  });

  it('are gone with the look after they were lifted', async () => {
    const restriction = aRestriction();
    await impose(restriction);
    await imposed.refresh();
    await store.lift(restriction.id, NOW, () => aDenialEvent());
    await imposed.refresh();
    expect(imposed.of('exchange_rate', restriction.entityId)).toEqual([]);
  });

  it('go on while nobody can be asked', async () => {
    const restriction = aRestriction();
    let isAway = false;
    const known = new ImposedRestrictions({ lookup: among([restriction], () => isAway), clock });
    await known.refresh();
    isAway = true;
    await expect(known.refresh()).rejects.toThrow(DependencyUnavailable);
    expect(known.of('exchange_rate', restriction.entityId)).toEqual([restriction]);
  });
});

describe('a restriction', () => {
  const rate = aRestriction() as RestrictionOf<'exchange_rate'>;

  it.each([
    [-30, 0, 300],
    [0, 0, 300],
    [299.999, 0, 1],
    [300, 1, 300],
    [750, 2, 150],
  ])('%d seconds after its beginning is in window %d, with %d left', (second, window, left) => {
    expect(windowAt(rate, secondsAfter(NOW, second))).toEqual({ window, secondsLeft: left });
  });

  it('stands until its end, or until it is lifted', () => {
    expect(isStanding(rate, NOW)).toBe(true);
    expect(isStanding(rate, rate.until)).toBe(false);
    expect(isStanding({ ...rate, liftedAt: NOW }, NOW)).toBe(false);
  });

  it('is over in at least a second', () => {
    expect(secondsUntilEnd(rate, NOW)).toBe(600);
    expect(secondsUntilEnd(rate, secondsAfter(rate.until, 5))).toBe(1);
  });
});

function among(
  restrictions: readonly Restriction[],
  isAway: () => boolean = () => false,
): StandingRestrictions {
  return new (class extends StandingRestrictions {
    override standing(): Promise<readonly Restriction[]> {
      return isAway()
        ? Promise.reject(new DependencyUnavailable('PostgreSQL', 'away'))
        : Promise.resolve(restrictions);
    }
  })();
}
