import { median, quantile } from '../bench/quantile.js';
import { type ProxySample, socketsWith } from './proxy-sample.js';
import { type Latency } from './soak-load.js';

/** From the second sixth to the last: the first is for code to be compiled, pools and bounded memories to fill. */
const RSS_GROWTH_MAX = 0.1;
/** On two cores that others share, the 99th percentile of ten minutes moves by some tenths from one to the next. */
const P99_GROWTH_MAX = 1.5;
/** Of a p99 of a few milliseconds, what one turn of another process on the same core adds. */
const P99_SLACK_MS = 5;
/** Beside sockets, which are counted one by one. */
const DESCRIPTORS_MORE_MAX = 2;

export interface Trend {
  readonly second: number;
  readonly last: number;
}

/** What happened between two shares of the time, such as 1/6 and 2/6. */
const within = <T>(values: readonly T[], at: (value: T) => number, whole: number) => {
  const sixth = (nth: number): readonly T[] =>
    values.filter((value) => {
      const share = (at(value) / whole) * 6;
      return share >= nth && share < nth + 1;
    });
  return { second: sixth(1), last: sixth(5) };
};

/** Medians. */
export function rssTrend(samples: readonly ProxySample[], seconds: number): Trend {
  const { second, last } = within(samples, ({ atSeconds }) => atSeconds, seconds);
  const rss = (some: readonly ProxySample[]): number => median(some.map(({ rssMiB }) => rssMiB));
  return { second: rss(second), last: rss(last) };
}

/** The least that the heap came down to: close to what is in use after garbage was collected. Tells where to look, no more. */
export function heapFloorTrend(samples: readonly ProxySample[], seconds: number): Trend {
  const { second, last } = within(samples, ({ atSeconds }) => atSeconds, seconds);
  const floor = (some: readonly ProxySample[]): number =>
    Math.min(...some.map(({ heapMiB }) => heapMiB));
  return { second: floor(second), last: floor(last) };
}

export function p99Trend(latencies: readonly Latency[], seconds: number): Trend {
  const { second, last } = within(latencies, ({ dueMs }) => dueMs / 1000, seconds);
  const p99 = (some: readonly Latency[]): number =>
    quantile(
      some.map(({ tookMs }) => tookMs),
      0.99,
    );
  return { second: p99(second), last: p99(last) };
}

export const isFlat = ({ second, last }: Trend): boolean => last <= second * (1 + RSS_GROWTH_MAX);

export const isSteady = ({ second, last }: Trend): boolean =>
  last <= second * P99_GROWTH_MAX + P99_SLACK_MS;

/** What is open after the load that was not before it; empty when all was let go of. */
export function leftOpen(before: ProxySample, after: ProxySample): readonly string[] {
  const sockets = ['callers', 'destinations', 'vault', 'others'].flatMap((peer) => {
    const more = socketsWith(after, peer) - socketsWith(before, peer);
    return more > 0 ? [`${more} more sockets with ${peer}`] : [];
  });
  const kinds = Object.keys(after.descriptors).filter((kind) => kind !== 'socket');
  const others = kinds.flatMap((kind) => {
    const more = (after.descriptors[kind] ?? 0) - (before.descriptors[kind] ?? 0);
    return more > DESCRIPTORS_MORE_MAX ? [`${more} more descriptors of kind ${kind}`] : [];
  });
  return [...sockets, ...others];
}
