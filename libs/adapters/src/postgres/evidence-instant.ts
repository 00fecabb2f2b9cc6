const SECONDS_MAX = 253_402_300_799; // The last second of the year 9999.

/** RFC 3339, of seconds since 1970 as events have them. */
export const instantOf = (seconds: number): string =>
  new Date(Math.max(0, Math.min(seconds, SECONDS_MAX)) * 1_000).toISOString();
