import { type GrantSet, GrantSource } from './grant.js';

/** Grant files that do not make a set. */
export interface GrantSetRejection {
  /** The files that have a problem; none when the folder itself has one. */
  readonly files: readonly string[];
  /** A line each. */
  readonly problems: readonly string[];
}

/** Told what becomes of the grants of a running process. Must not throw, and nothing waits for it. */
export interface GrantSetObserver {
  /** `current` is in force now, in place of `previous`. */
  onSwap(previous: GrantSet, current: GrantSet): void;
  /** The last good set stays in force. Told once for each state of the files. */
  onRejected(rejection: GrantSetRejection): void;
}

/** Grants that tell when they change. */
export abstract class ObservableGrantSource extends GrantSource {
  /** Tells every observer what happens from now on, and at once what is wrong with the files as they are. */
  abstract observe(observer: GrantSetObserver): void;
}
