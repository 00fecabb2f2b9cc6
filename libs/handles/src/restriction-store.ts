import { type PosternEvent } from '#events';
import { type Restriction } from './restriction.js';

export interface RestrictionFilter {
  /** Restrictions whose id sorts after this one. */
  readonly after?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

/** Which restrictions stand: what those need who refuse because of them. */
export abstract class StandingRestrictions {
  /** Neither over nor lifted, at most RESTRICTIONS_STANDING_MAX. @throws DependencyUnavailable */
  abstract standing(now: Date): Promise<readonly Restriction[]>;
}

/** What the token endpoint counts of workloads whose exchanges are restricted; exact for all of its processes. */
export abstract class RestrictedExchanges extends StandingRestrictions {
  /**
   * One more exchange in this window of a restriction; resolves to how many there are with it.
   * @throws DependencyUnavailable
   */
  abstract count(restrictionId: string, window: number): Promise<number>;
}

/** Where restrictions are kept. A write and its event take effect together or not at all. */
export abstract class RestrictionStore extends StandingRestrictions {
  /**
   * `known`: there is one of that id, standing or not, and nothing is written. `full`: RESTRICTIONS_STANDING_MAX stand
   * already. @throws DependencyUnavailable
   */
  abstract impose(
    restriction: Restriction,
    event: PosternEvent,
  ): Promise<'imposed' | 'known' | 'full'>;

  /**
   * Resolves to it as it is now; `isLifted` says whether this did it: of one that is over or was lifted already nothing
   * is written. Undefined: there is none with this id. @throws DependencyUnavailable
   */
  abstract lift(
    id: string,
    at: Date,
    eventOf: (restriction: Restriction) => PosternEvent,
  ): Promise<{ readonly restriction: Restriction; readonly isLifted: boolean } | undefined>;

  /** Those that stand, ordered by id. @throws DependencyUnavailable */
  abstract list(now: Date, filter: RestrictionFilter): Promise<readonly Restriction[]>;

  /** Forgets those whose end is before; resolves to how many. @throws DependencyUnavailable */
  abstract forget(before: Date): Promise<number>;
}
