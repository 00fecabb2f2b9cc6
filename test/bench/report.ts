import { median } from './quantile.js';
import { textTable } from './text-table.js';

export const PARTS = ['1 KiB GET', 'half rate', 'flood', '10 MiB down', '10 MiB up'] as const;
export type Part = (typeof PARTS)[number];

export interface Measurement {
  readonly part: Part;
  readonly peer: string;
  /** NaN where no process is in between. */
  readonly requestsPerCpuSecond: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMib: number;
  /** Resident memory after the measurement over that before it. */
  readonly grownMib: number;
}

/** One row a part and peer: the median of its rounds. */
export function medians(measurements: readonly Measurement[]): Measurement[] {
  return grouped(measurements).map(([first, ...rest]) => {
    const rounds = [first, ...rest];
    const of = (figure: (one: Measurement) => number): number => median(rounds.map(figure));
    return {
      part: first.part,
      peer: first.peer,
      requestsPerCpuSecond: of((one) => one.requestsPerCpuSecond),
      requestsPerSecond: of((one) => one.requestsPerSecond),
      p50Ms: of((one) => one.p50Ms),
      p99Ms: of((one) => one.p99Ms),
      residentMib: of((one) => one.residentMib),
      grownMib: of((one) => one.grownMib),
    };
  });
}

type Rounds = readonly [Measurement, ...Measurement[]];

function grouped(measurements: readonly Measurement[]): readonly Rounds[] {
  const groups = new Map<string, [Measurement, ...Measurement[]]>();
  for (const one of measurements) {
    const key = `${one.part}\n${one.peer}`;
    const rounds = groups.get(key);
    if (rounds === undefined) groups.set(key, [one]);
    else rounds.push(one);
  }
  return [...groups.values()];
}

/** The medians of one part as a table. */
export const partTable = (rows: readonly Measurement[]): string =>
  textTable(
    ['peer', 'req/CPU-s', 'req/s', 'p50 ms', 'p99 ms', 'RSS MiB', 'grown MiB'],
    rows.map((row) => [
      row.peer,
      shown(row.requestsPerCpuSecond, 0),
      shown(row.requestsPerSecond, 0),
      shown(row.p50Ms, 2),
      shown(row.p99Ms, 2),
      shown(row.residentMib, 0),
      shown(row.grownMib, 0),
    ]),
  );

const shown = (value: number, digits: number): string =>
  Number.isNaN(value) ? '-' : value.toFixed(value < 100 && digits === 0 ? 1 : digits);
