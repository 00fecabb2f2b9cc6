/** `30s`, `5m`, `1h`, `90d` in seconds; undefined when the text is no duration. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^(?<count>[1-9][0-9]{0,6})(?<unit>[smhd])$/.exec(text);
  if (match?.groups === undefined) return undefined;
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[match.groups['unit'] as 's' | 'm' | 'h' | 'd'];
  return Number(match.groups['count']) * unit;
}

/** `512B`, `64KiB`, `10MiB`, `1GiB` in bytes; undefined when the text is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(?<count>[1-9][0-9]{0,9})(?<unit>B|KiB|MiB|GiB)$/.exec(text);
  if (match?.groups === undefined) return undefined;
  const unit = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[
    match.groups['unit'] as 'B' | 'KiB' | 'MiB' | 'GiB'
  ];
  return Number(match.groups['count']) * unit;
}
