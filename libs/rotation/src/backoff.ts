const FIRST_MS = 5_000;
const MOST_MS = 5 * 60_000;
const HELD_FIRST_MS = 250;
const HELD_MOST_MS = 5_000;
const POLL_MS_MIN = 100;
const DRAIN_POLL_MS_MIN = 250;
const POLL_MS_MAX = 5_000;

/**
 * How long to wait before something is tried again that could not be reached: it doubles with each time in a row from 5
 * seconds to 5 minutes; while calls are held back from a quarter of a second to 5 seconds.
 */
export const backoffMs = (waits: number, isHeld: boolean): number =>
  isHeld
    ? Math.min(HELD_FIRST_MS * 2 ** Math.min(waits, 16), HELD_MOST_MS)
    : Math.min(FIRST_MS * 2 ** Math.min(waits, 16), MOST_MS);

/** Until it is looked again whether calls have come to rest. */
export const QUIET_POLL_MS = POLL_MS_MIN;

/** The same for calls that drain: the longer it takes already, the less it matters how soon it is seen. */
export const drainPollMs = (elapsedMs: number): number =>
  Math.min(Math.max(elapsedMs / 20, DRAIN_POLL_MS_MIN), POLL_MS_MAX);
