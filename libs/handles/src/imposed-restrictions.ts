import { type RestrictionKind } from '#events';
import { type Clock } from '#kernel';
import { type StandingRestrictions } from './restriction-store.js';
import { isStanding, type Restriction, type RestrictionOf } from './restriction.js';

/** How often a process should ask which restrictions stand: what was imposed is known within a second. */
export const RESTRICTIONS_EVERY_MS = 500;

type ByEntity = ReadonlyMap<string, readonly Restriction[]>;

export interface ImposedRestrictionsParts {
  readonly lookup: StandingRestrictions;
  readonly clock: Clock;
}

/**
 * The restrictions that stand, in memory: whoever is not restricted, and most often nobody is, costs a look into an empty
 * map. While PostgreSQL cannot be asked, those that were known go on to their end, by the clock of this process.
 */
export class ImposedRestrictions {
  #standing: ReadonlyMap<RestrictionKind, ByEntity> = new Map();

  constructor(private readonly parts: ImposedRestrictionsParts) {}

  /** @throws DependencyUnavailable */
  async refresh(): Promise<void> {
    const { lookup, clock } = this.parts;
    this.#standing = byKind(await lookup.standing(clock.now()));
  }

  /** Of one kind and one entity, which are seldom more than one. */
  of<Kind extends RestrictionKind>(kind: Kind, entityId: string): readonly RestrictionOf<Kind>[] {
    const known = this.#standing.get(kind)?.get(entityId) ?? [];
    if (known.length === 0) return [];
    const now = this.parts.clock.now();
    return known.filter(
      (one): one is RestrictionOf<Kind> => one.kind === kind && isStanding(one, now),
    );
  }

  /** Whether there may be one of this kind. */
  hasAny(kind: RestrictionKind): boolean {
    return this.#standing.has(kind);
  }
}

function byKind(restrictions: readonly Restriction[]): ReadonlyMap<RestrictionKind, ByEntity> {
  const kinds = new Map<RestrictionKind, Map<string, Restriction[]>>();
  for (const restriction of restrictions) {
    const { kind, entityId } = restriction;
    const entities = kinds.get(kind) ?? new Map<string, Restriction[]>();
    entities.set(entityId, [...(entities.get(entityId) ?? []), restriction]);
    kinds.set(kind, entities);
  }
  return kinds;
}
