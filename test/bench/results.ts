import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type BenchName } from './bench-arguments.js';

const FOLDER = 'bench-results';

/** One line that says on what the figures were taken. */
export const machine = (): string =>
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`;

/** The medians of the newest run of that bench; none when there was no run. */
export function lastRows(bench: BenchName): unknown {
  const newest = filesOf(bench).at(-1);
  if (newest === undefined) return [];
  return (JSON.parse(readFileSync(join(FOLDER, newest), 'utf8')) as { rows: unknown }).rows;
}

/** Keeps the medians, and what else is to be kept, for the next run to compare with. */
export function keep(
  bench: BenchName,
  rows: readonly object[],
  more: Readonly<Record<string, unknown>> = {},
): void {
  const next = Number(/\d+/.exec(filesOf(bench).at(-1) ?? '')?.[0] ?? -1) + 1;
  const file = join(FOLDER, `${bench}-${String(next).padStart(4, '0')}.json`);
  const { model: cpu } = cpus()[0] ?? { model: undefined };
  const where = { cpu, cores: cpus().length, node: process.version };
  writeFileSync(file, JSON.stringify({ machine: where, rows, ...more }, null, 2));
  console.log(`kept in ${file}`);
}

function filesOf(bench: BenchName): readonly string[] {
  mkdirSync(FOLDER, { recursive: true });
  return readdirSync(FOLDER)
    .filter((file) => file.startsWith(`${bench}-`) && file.endsWith('.json'))
    .sort();
}

/** `+3.2 %`, of a figure against what it was. */
export function changeOf(now: number, before: number): string {
  const change = (now / before - 1) * 100;
  return `${change >= 0 ? '+' : ''}${change.toFixed(1)} %`;
}
