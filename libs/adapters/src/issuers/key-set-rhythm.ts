import { type IssuerRegistration } from '#identity';
import { type PublishedKeys } from './published-keys.js';

/** When keys are asked for again. */
export interface KeySetRhythm {
  /** A set that is older is asked for again, in the background. */
  readonly refreshAfterSeconds: number;
  /** A set that is older is asked for again, and the answer waited for: a removed key is rejected after this time. */
  readonly freshForSeconds: number;
  /** The least time from an attempt that failed to the next, while there is a set to go on with. */
  readonly retryAfterSeconds: number;
  /** While its issuer cannot be reached, a set may be used until it is this old. */
  readonly usableForSeconds: number;
}

/** J-32: unless the operator says otherwise, a key that its issuer removed is rejected within five minutes. */
const REFRESH_SECONDS = 300;
const RETRY_SECONDS = 30;
/** How much of its time a set is used before it is renewed in the background: so that callers seldom wait. */
const QUIET_SHARE = 0.8;
/** A file is cheap to look at: a change takes effect within a second. */
const FILE_RHYTHM = { refreshAfterSeconds: 1, freshForSeconds: 1, retryAfterSeconds: 1 };

/** The rhythm for an issuer: what is registered, else what its document wants, else five minutes. */
export function keySetRhythm(
  { kind, keys }: IssuerRegistration,
  published: PublishedKeys | undefined,
  usableForSeconds: number,
): KeySetRhythm {
  if (keys.kind === 'file') return { ...FILE_RHYTHM, usableForSeconds };
  const interval = keys.refreshSeconds ?? published?.refreshSeconds ?? REFRESH_SECONDS;
  return {
    refreshAfterSeconds: interval * QUIET_SHARE,
    freshForSeconds: interval,
    // SPIFFE Federation section 4.2: after a poll that failed the next interval is waited for.
    retryAfterSeconds: kind === 'spiffe' ? interval : Math.min(interval, RETRY_SECONDS),
    usableForSeconds,
  };
}
