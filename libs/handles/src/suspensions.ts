import { type RevocationInitiator } from '#events';
import { type HandleSelector } from './handle-selector.js';

/**
 * A suspension that stands. Of the same target the first one counts, but for one that a detection placed (`policy`), which is
 * for a time: whoever suspends the same after it takes it over, so that it does not end with the detection's.
 */
export interface StandingSuspension {
  /** As `targetOf` names its selector. */
  readonly target: string;
  readonly selector: HandleSelector;
  /** The `iss` of issuers whose subjects it is bounded to, sorted; empty: of all. */
  readonly issuers: readonly string[];
  readonly reason: string;
  readonly initiator: RevocationInitiator;
  readonly initiatorId: string | undefined;
  readonly since: Date;
}

export interface SuspensionFilter {
  /** Those whose target sorts after this one. */
  readonly after?: string;
  /** 1 to 500. Those of one target come together: an answer may hold more by as many. */
  readonly limit: number;
}

/** The suspensions that stand. They are placed and lifted by HandleStore.change, with the handles. */
export abstract class Suspensions {
  /** Ordered by target, byte by byte. @throws DependencyUnavailable */
  abstract list(filter: SuspensionFilter): Promise<readonly StandingSuspension[]>;

  /** Forgets those of one handle each that has expired; resolves to how many. @throws DependencyUnavailable */
  abstract forgetExpired(now: Date): Promise<number>;
}
