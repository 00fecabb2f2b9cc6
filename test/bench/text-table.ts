/** Columns as wide as their widest cell: the first to the left, the others to the right. */
export function textTable(
  header: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  const all = [header, ...lines];
  const widths = header.map((_, column) =>
    Math.max(...all.map((line) => line[column]?.length ?? 0)),
  );
  return all
    .map((line) => line.map((cell, column) => padded(cell, column, widths)).join('  '))
    .join('\n');
}

function padded(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0;
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}
