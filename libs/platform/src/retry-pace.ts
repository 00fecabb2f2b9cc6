import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const JITTER_STEPS = 1_000;

/** Time and chance for who tries again: pure libs have no timers, and are given these. */
export const retryPace = {
  /** Resolves after so many milliseconds; at once when the signal is aborted. */
  pause: (ms: number, signal?: AbortSignal): Promise<void> =>
    pause(ms, undefined, { signal }).catch(() => undefined),
  /** At least 0, less than 1. */
  jitter: (): number => randomInt(JITTER_STEPS) / JITTER_STEPS,
  /** Milliseconds of a clock that nobody sets. */
  now: (): number => performance.now(),
} as const;
