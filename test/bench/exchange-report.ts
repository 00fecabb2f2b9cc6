import { median } from './quantile.js';
import { textTable } from './text-table.js';

/** One peer under one load; CPU in seconds for 1,000 tokens. */
export interface TokenMeasurement {
  readonly peer: string;
  readonly load: string;
  readonly tokensPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly generatorCpu: number;
  /** CPU that went to nobody who is measured, of what the machine has, in percent: noise. */
  readonly othersPercent: number;
  readonly residentMib: number;
}

const FIGURES = [
  'tokensPerSecond',
  'p50Ms',
  'p99Ms',
  'serverCpu',
  'postgresCpu',
  'generatorCpu',
  'othersPercent',
  'residentMib',
] as const;

/** One row a load and peer: the median of its rounds. */
export function tokenMedians(rounds: readonly TokenMeasurement[]): TokenMeasurement[] {
  const loads = [...new Set(rounds.map(({ load }) => load))];
  const peers = [...new Set(rounds.map(({ peer }) => peer))];
  return loads.flatMap((load) =>
    peers.map((peer) => {
      const same = rounds.filter((one) => one.peer === peer && one.load === load);
      const figures = FIGURES.map((figure) => [figure, median(same.map((one) => one[figure]))]);
      return { peer, load, ...Object.fromEntries(figures) } as TokenMeasurement;
    }),
  );
}

const HEADER = [
  'load, peer',
  'tokens/s',
  'p50 ms',
  'p99 ms',
  'server CPU-s',
  'PostgreSQL CPU-s',
  'load CPU-s',
  'others %',
  'RSS MiB',
];

/** CPU-seconds are for 1,000 tokens. */
export const tokenTable = (rows: readonly TokenMeasurement[]): string =>
  textTable(
    HEADER,
    rows.map((row) => [
      `${row.load}, ${row.peer}`,
      row.tokensPerSecond.toFixed(0),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.serverCpu.toFixed(3),
      row.postgresCpu.toFixed(3),
      row.generatorCpu.toFixed(3),
      row.othersPercent.toFixed(0),
      row.residentMib.toFixed(0),
    ]),
  );
