const UNIT_MS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
const milliseconds = (count: string, unit: string): string =>
  String(Number(count) * (UNIT_MS[unit] ?? Number.NaN));

type Rewrite = readonly [
  pattern: RegExp,
  written: (all: string, one: string, other: string) => string,
];

/**
 * Each is a way of saying in Flink SQL what the texts of rules say otherwise. An instant is there a number, milliseconds
 * since 1970: the planner of Flink 2.2 does not plan sums over joins by intervals.
 */
const REWRITES: readonly Rewrite[] = [
  // ARRAY_AGG has no order: what is collected begins with what it sorts by, thirteen digits, and loses it again. ARRAY_SORT
  // of Flink 2.2 ends the job where elements are equal, which they are while a correction is under way.
  [
    /\(array_agg\((\w+)\.event_id order by \1\.at, \1\.event_id\)\)\[1:100\]/g,
    (_, alias) =>
      `split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(\n` +
      `        cast(${alias}.at as text) || ${alias}.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',')`,
  ],
  [
    /to_timestamp\(floor\(extract\(epoch from ([\w.]+)\) \/ (\d+)\) \* \2\)/g,
    (_, column, seconds) => `${column} - mod(${column}, ${Number(seconds) * 1_000})`,
  ],
  [
    /cast\((\d+) as double precision\) \* interval '1 day'/g,
    (_, days) => milliseconds(days, 'day'),
  ],
  [/interval '(\d+) (minute|hour|day)s?'/g, (_, count, unit) => milliseconds(count, unit)],
  [/cast\('1970-01-02 00:00:00\+00' as timestamptz\)/g, () => '86400000'],
  [/cast\('9999-12-30 00:00:00\+00' as timestamptz\)/g, () => '253402128000000'],
  [/position\(([^()]+) in ('[^']*')\)/g, (_, part, whole) => `locate(${part}, ${whole})`],
  [/ as double precision\)/g, () => ' as double)'],
  [/ as text\)/g, () => ' as string)'],
  // Words that are names in PostgreSQL, and not in Flink.
  [/(?<![\w'])(?:at|bytes)(?![\w'])/g, (name) => `\`${name}\``],
];

/** A text in the words of PostgreSQL, in those of Flink SQL. */
export const inFlinkSql = (text: string): string =>
  REWRITES.reduce((rest, [pattern, written]) => rest.replace(pattern, written), text);
