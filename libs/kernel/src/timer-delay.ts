const DELAY_MS_MAX = 2 ** 31 - 1;

/** The delay for a timer of Node: of a longer or a negative one it would make a millisecond. */
export const timerDelay = (ms: number): number => Math.min(Math.max(0, ms), DELAY_MS_MAX);
