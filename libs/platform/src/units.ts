const DURATION_UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** A whole number of seconds, minutes, hours or days: `30s`, `5m`, `1h`, `90d`. */
export const DURATION = /^(0|[1-9][0-9]{0,6})([smhd])$/;
/** A whole number of bytes: `512B`, `64KiB`, `10MiB`, `1GiB`. */
export const SIZE = /^([1-9][0-9]{0,9})(B|KiB|MiB|GiB)$/;

/** Seconds; undefined when the text is no duration. */
export function parseDurationSeconds(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined) return undefined;
  return Number(count) * DURATION_UNITS[unit as keyof typeof DURATION_UNITS];
}

/** Bytes; undefined when the text is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const [, count, unit] = SIZE.exec(text) ?? [];
  if (count === undefined) return undefined;
  return Number(count) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS];
}
