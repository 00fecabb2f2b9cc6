import { type PosternEvent } from '#events';

/** The targets on the compacted topic of revocations, so that each is taken from there once it says nothing any more. */
export abstract class RevocationStates {
  /**
   * Appends the event of each target whose last handle expired before the instant and on which no suspension stands, and
   * forgets it: together or not at all. Resolves to how many. May be called at once by many.
   * @throws DependencyUnavailable
   */
  abstract clear(expiredBefore: Date, eventOf: (target: string) => PosternEvent): Promise<number>;
}
