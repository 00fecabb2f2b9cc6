import { parseArgs } from 'node:util';

export const BENCHES = ['proxy', 'exchange'] as const;
export type BenchName = (typeof BENCHES)[number];

export interface BenchArguments {
  /** What to run, in this order. */
  readonly benches: readonly BenchName[];
  /** Length of one measurement. */
  readonly seconds: number;
  /** Measurements of each figure; undefined leaves it to the bench. */
  readonly rounds: number | undefined;
}

const SECONDS_DEFAULT = 4;
export const USAGE = `usage: npm run bench [-- [${BENCHES.join('|')}] [--seconds <n>] [--rounds <n>]]`;

/**
 * `npm run bench` runs all, with names only those. BENCH_SECONDS and BENCH_ROUNDS stand in for missing options.
 * @throws Error that says what was not understood
 */
export function readArguments(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string' }, rounds: { type: 'string' } },
    allowPositionals: true,
  });
  const names = positionals.map(benchNamed);
  const seconds = values.seconds ?? environment['BENCH_SECONDS'];
  const rounds = values.rounds ?? environment['BENCH_ROUNDS'];
  return {
    benches: BENCHES.filter((name) => names.length === 0 || names.includes(name)),
    seconds: seconds === undefined ? SECONDS_DEFAULT : positive('seconds', seconds),
    rounds: rounds === undefined ? undefined : Math.ceil(positive('rounds', rounds)),
  };
}

function benchNamed(name: string): BenchName {
  const known = BENCHES.find((bench) => bench === name);
  if (known !== undefined) return known;
  throw new Error(`there is no bench "${name}": there are ${BENCHES.join(' and ')}`);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${option} takes a number above 0, not "${text}"`);
}
