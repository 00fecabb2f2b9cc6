import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../bench/results.js';
import { median, quantile } from '../bench/quantile.js';
import { textTable } from '../bench/text-table.js';
import { type ProxySample } from './proxy-sample.js';
import { type Latency } from './soak-load.js';

/** Ignored by git, as the results of the bench are, which this is not compared with. */
const FOLDER = 'bench-results';

const HEAD = [
  ...['minute', 'calls', 'p50 ms', 'p99 ms', 'rss MiB', 'heap MiB', 'external', 'lag p99 ms'],
  ...['sockets', 'postgres', 'own lag'],
];

export interface Course {
  readonly samples: readonly ProxySample[];
  readonly latencies: readonly Latency[];
}

/** A row for what happened from one moment to another, in seconds. */
export function rowOf({ samples, latencies }: Course, from: number, to: number): string[] {
  const some = samples.filter(({ atSeconds }) => atSeconds >= from && atSeconds < to);
  const took = latencies
    .filter(({ dueMs }) => dueMs >= from * 1000 && dueMs < to * 1000)
    .map(({ tookMs }) => tookMs);
  const of = (figure: (sample: ProxySample) => number): string =>
    median(some.map(figure)).toFixed(1);
  return [
    (to / 60).toFixed(1),
    String(took.length),
    quantile(took, 0.5).toFixed(2),
    quantile(took, 0.99).toFixed(2),
    of(({ rssMiB }) => rssMiB),
    of(({ heapMiB }) => heapMiB),
    of(({ externalMiB }) => externalMiB),
    of(({ loopLagP99Ms }) => loopLagP99Ms),
    of(({ descriptors }) => descriptors['socket'] ?? 0),
    of(({ sockets }) => sockets['postgresql ESTABLISHED'] ?? 0),
    of(({ ownLagP99Ms }) => ownLagP99Ms),
  ];
}

export const tableOf = (rows: readonly (readonly string[])[]): string => textTable(HEAD, rows);

/** Writes all that was measured into a file, for whoever looks for a leak. */
export function keepCourse(course: Course, more: Readonly<Record<string, unknown>>): string {
  mkdirSync(FOLDER, { recursive: true });
  const name = `soak-${Math.round(performance.timeOrigin)}.json`;
  const file = join(FOLDER, name);
  const seconds = Math.ceil((course.samples.at(-1)?.atSeconds ?? 0) / 60) * 60;
  const minutes = Array.from({ length: seconds / 60 }, (_, minute) => ({
    ...quantilesOf(course.latencies, minute * 60, (minute + 1) * 60),
    minute: minute + 1,
  }));
  const { samples } = course;
  writeFileSync(
    file,
    JSON.stringify({ machine: machine(), ...more, minutes, samples }, undefined, 1),
  );
  return file;
}

function quantilesOf(latencies: readonly Latency[], from: number, to: number) {
  const took = latencies
    .filter(({ dueMs }) => dueMs >= from * 1000 && dueMs < to * 1000)
    .map(({ tookMs }) => tookMs);
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => quantile(took, share));
  return { calls: took.length, p50Ms, p99Ms, maxMs };
}
