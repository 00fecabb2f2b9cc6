import { median } from './quantile.js';
import { textTable } from './text-table.js';

export interface Measurement {
  readonly peer: string;
  readonly requestsPerCpuSecond: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentMib: number;
}

/** One row a peer: the median of its rounds. */
export function medians(measurements: readonly Measurement[]): Measurement[] {
  const peers = [...new Set(measurements.map(({ peer }) => peer))];
  return peers.map((peer) => {
    const rounds = measurements.filter((one) => one.peer === peer);
    const of = (figure: (one: Measurement) => number): number => median(rounds.map(figure));
    return {
      peer,
      requestsPerCpuSecond: of((one) => one.requestsPerCpuSecond),
      requestsPerSecond: of((one) => one.requestsPerSecond),
      p50Ms: of((one) => one.p50Ms),
      p99Ms: of((one) => one.p99Ms),
      residentMib: of((one) => one.residentMib),
    };
  });
}

/** The medians as a table; `ratio` is requests per CPU-second of `subject` over those of the row. */
export function table(rows: readonly Measurement[], subject: string): string {
  const reference = rows.find(({ peer }) => peer === subject)?.requestsPerCpuSecond ?? 0;
  const header = ['peer', 'req/CPU-s', 'req/s', 'p50 ms', 'p99 ms', 'RSS MiB', `${subject} / peer`];
  const lines = rows.map((row) => [
    row.peer,
    row.requestsPerCpuSecond.toFixed(0),
    row.requestsPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.residentMib.toFixed(0),
    (reference / row.requestsPerCpuSecond).toFixed(2),
  ]);
  return textTable(header, lines);
}
