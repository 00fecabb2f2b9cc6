import { type TokenMeasurement, tokenMedians, tokenTable } from './exchange-report.js';
import { changeOf, keep, lastRows, machine } from './results.js';
import { nameOf, type TokenLoad } from './token-load.js';

const EXCHANGES_PER_SECOND_GOAL = 1_500;
const P99_GOAL_MS = 50;
/** From here on the rates say as much about the others as about us. */
const OTHERS_PERCENT_MAX = 10;

/** Where the most is got out of a server, and how it answers at half of what it has to reach. */
export const FULL_LOADS: readonly TokenLoad[] = [
  { kind: 'closed', inFlight: 32 },
  { kind: 'closed', inFlight: 64 },
];
export const HALF_LOAD: TokenLoad = { kind: 'open', perSecond: EXCHANGES_PER_SECOND_GOAL / 2 };

interface Verdict {
  /** The median rate under the load that suits each best. */
  readonly exchangesPerSecond: number;
  readonly yardstickPerSecond: number;
  readonly ratio: number;
  /** At half of the goal. */
  readonly p99Ms: number;
}

/** Prints the medians, the ratio and the goals, and keeps all that was measured. */
export function tellExchange(
  rounds: readonly TokenMeasurement[],
  { postern, durability }: { readonly postern: string; readonly durability: string },
): void {
  const rows = tokenMedians(rounds);
  const verdict = verdictOn(rows, postern);
  const { exchangesPerSecond, yardstickPerSecond, ratio, p99Ms } = verdict;
  const rate = met(exchangesPerSecond >= EXCHANGES_PER_SECOND_GOAL);
  const latency = met(p99Ms <= P99_GOAL_MS);
  console.log(`\n${machine()}; PostgreSQL 18 beside it, ${durability}; CPU-s for 1,000 tokens`);
  console.log(`${tokenTable(rows)}\n`);
  console.log(
    `exchanges/s: ${exchangesPerSecond.toFixed(0)} (goal: >= ${EXCHANGES_PER_SECOND_GOAL}, ${rate})`,
  );
  console.log(
    `p99 at ${nameOf(HALF_LOAD)}: ${p99Ms.toFixed(1)} ms (goal: <= ${P99_GOAL_MS} ms, ${latency})`,
  );
  console.log(
    `ratio to oidc-provider: ${ratio.toFixed(2)} (it gives ${yardstickPerSecond.toFixed(0)}/s)`,
  );
  warnOfOthers(rows);
  compare(rows);
  keep('exchange', rows, { verdict, durability, rounds });
}

function verdictOn(rows: readonly TokenMeasurement[], postern: string): Verdict {
  const ours = rows.filter(({ peer }) => peer === postern);
  const exchangesPerSecond = bestOf(ours);
  const yardstickPerSecond = bestOf(rows.filter(({ peer }) => peer !== postern));
  return {
    exchangesPerSecond,
    yardstickPerSecond,
    ratio: exchangesPerSecond / yardstickPerSecond,
    p99Ms: ours.find(({ load }) => load === nameOf(HALF_LOAD))?.p99Ms ?? Number.POSITIVE_INFINITY,
  };
}

const isFull = ({ load }: TokenMeasurement): boolean =>
  FULL_LOADS.some((full) => nameOf(full) === load);

const bestOf = (rows: readonly TokenMeasurement[]): number =>
  Math.max(...rows.filter(isFull).map(({ tokensPerSecond }) => tokensPerSecond));

const met = (is: boolean): string => (is ? 'met' : 'MISSED');

function warnOfOthers(rows: readonly TokenMeasurement[]): void {
  const most = Math.max(...rows.map(({ othersPercent }) => othersPercent));
  if (most <= OTHERS_PERCENT_MAX) return;
  console.log(
    `NOISE: others had up to ${most.toFixed(0)} % of the machine; measure again when it is quiet`,
  );
}

function compare(rows: readonly TokenMeasurement[]): void {
  const before = lastRows('exchange') as readonly TokenMeasurement[];
  for (const row of rows.filter(isFull)) {
    const old = before.find(({ peer, load }) => peer === row.peer && load === row.load);
    if (old === undefined) continue;
    const change = changeOf(row.tokensPerSecond, old.tokensPerSecond);
    console.log(`  ${row.load}, ${row.peer}: ${change} since the last run`);
  }
}
