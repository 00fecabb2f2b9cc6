import { type Rotation } from './rotation.js';

/** We change the legacy system ourselves: an administrator's version in the store needs that no more. */
export const changesTarget = ({ kind, origin }: Rotation): boolean =>
  kind !== 'external' && origin !== 'vault';

/** The old value is dead as soon as the new one works: calls are held back meanwhile. */
export const holdsCalls = (rotation: Rotation): boolean =>
  changesTarget(rotation) && rotation.kind === 'single_slot';

/** Old and new are valid at once, by what we did. */
export const keepsFallback = (rotation: Rotation): boolean =>
  changesTarget(rotation) && rotation.kind === 'dual_slot';

/** The change was answered, and surely was not made. */
export const REFUSED = 'change-refused';
/** It authenticates, or did not even that: a check failed. */
export const VERIFY_FAILED = 'verify-failed';
/** The old value of two ended before its time. */
export const DRAIN_VIOLATED = 'drain-violated';
/** Somebody else wrote a version. */
export const MOVED = 'secret-moved';
/** The pending value is not there any more. */
export const PENDING_GONE = 'pending-gone';
/** A rotator died, or lost the rotation, in mid-change. */
export const INTERRUPTED = 'interrupted';
/** The version that calls use is not in the store any more. */
export const CURRENT_GONE = 'current-gone';
export const NEVER_QUIET = 'never-quiet';
export const OVERDUE = 'overdue';

const DETAIL_CHARACTERS_MAX = 100;

/** A class with what is safe to be told of it, such as `verify-failed/GET /health: 403`. */
export const withDetail = (errorClass: string, detail: string): string =>
  `${errorClass}/${detail.slice(0, DETAIL_CHARACTERS_MAX)}`;

export const failedBy = ({ errorClass }: Rotation, what: string): boolean =>
  errorClass === what || errorClass?.startsWith(`${what}/`) === true;
