import { type UsualExchange, UsualExchanges } from '#detection';
import { type PosternEvent } from '#events';
import {
  isStanding,
  RESTRICTIONS_STANDING_MAX,
  RestrictedExchanges,
  type Restriction,
  type RestrictionFilter,
  RestrictionStore,
} from '#handles';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

/** Restrictions in memory; the journal they are recorded with is what can be away. */
export class InMemoryRestrictionStore extends RestrictionStore {
  readonly #restrictions = new Map<string, Restriction>();

  constructor(private readonly journal: InMemoryEventJournal) {
    super();
  }

  override async standing(now: Date): Promise<readonly Restriction[]> {
    return this.#standing(now).slice(0, RESTRICTIONS_STANDING_MAX);
  }

  override async impose(
    restriction: Restriction,
    event: PosternEvent,
  ): Promise<'imposed' | 'known' | 'full'> {
    if (this.#restrictions.has(restriction.id)) return 'known';
    if (this.#standing(restriction.imposedAt).length >= RESTRICTIONS_STANDING_MAX) return 'full';
    this.journal.record([event]);
    this.#restrictions.set(restriction.id, restriction);
    return 'imposed';
  }

  override async lift(
    id: string,
    at: Date,
    eventOf: (restriction: Restriction) => PosternEvent,
  ): Promise<{ readonly restriction: Restriction; readonly isLifted: boolean } | undefined> {
    const known = this.#restrictions.get(id);
    if (known === undefined) return undefined;
    if (!isStanding(known, at)) return { restriction: known, isLifted: false };
    const restriction = { ...known, liftedAt: at };
    this.journal.record([eventOf(restriction)]);
    this.#restrictions.set(id, restriction);
    return { restriction, isLifted: true };
  }

  override async list(
    now: Date,
    { after = '', limit }: RestrictionFilter,
  ): Promise<readonly Restriction[]> {
    return this.#standing(now)
      .filter(({ id }) => id > after)
      .slice(0, limit);
  }

  override async forget(before: Date): Promise<number> {
    const old = [...this.#restrictions.values()].filter(({ until }) => until < before);
    for (const { id } of old) this.#restrictions.delete(id);
    return old.length;
  }

  #standing(now: Date): readonly Restriction[] {
    return [...this.#restrictions.values()]
      .filter((restriction) => isStanding(restriction, now))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
  }
}

/** What is counted of restricted exchanges, in memory, over the restrictions of a store. */
export class InMemoryRestrictedExchanges extends RestrictedExchanges {
  readonly #counts = new Map<string, Map<number, number>>();

  constructor(private readonly restrictions: Pick<RestrictionStore, 'standing'>) {
    super();
  }

  override standing(now: Date): Promise<readonly Restriction[]> {
    return this.restrictions.standing(now);
  }

  override async count(restrictionId: string, window: number): Promise<number> {
    const windows = this.#counts.get(restrictionId) ?? new Map<number, number>();
    const used = (windows.get(window) ?? 0) + 1;
    windows.set(window, used);
    this.#counts.set(restrictionId, windows);
    return used;
  }
}

/** What workloads usually do, as a test says it; of others nothing is known. */
export class InMemoryUsualExchanges extends UsualExchanges {
  readonly usual = new Map<string, UsualExchange>();

  override async before(subjectId: string): Promise<UsualExchange> {
    return this.usual.get(subjectId) ?? { exchanges: 0, resources: [] };
  }
}
