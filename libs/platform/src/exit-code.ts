import { PosternError } from '#kernel';

/** Of sysexits.h: what went wrong, for supervisors. */
export const EXIT = {
  /** Something that the process needs cannot be reached: starting again later may help. */
  unavailable: 69,
  /** A fault of Postern's, or an end that was not orderly. */
  internal: 70,
  /** Somebody has to change a setting: starting again does not help. */
  config: 78,
} as const;

/** Of an error that ended a start. What Postern refuses on purpose at start is what it was configured with. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PosternError)) return EXIT.internal;
  return error.code.endsWith('-unavailable') ? EXIT.unavailable : EXIT.config;
}
