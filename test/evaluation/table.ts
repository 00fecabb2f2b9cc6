/** A table as prettier writes it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? title).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** `-`: there is nothing to divide by. */
export const share = (part: number, whole: number): string =>
  whole === 0 ? '-' : (part / whole).toFixed(3);

export const figure = (value: number): string =>
  value === 0 ? '0' : value >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** Of some values the one that so many of a hundred do not exceed, in seconds. */
export function secondsAt(percent: number, milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return '-';
  const sorted = milliseconds.toSorted((one, other) => one - other);
  const place = Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1);
  return `${(sorted[Math.max(0, place)]! / 1_000).toFixed(1)} s`;
}
