import { type ProxySample } from './proxy-sample.js';
import { heapFloorTrend, isFlat, isSteady, leftOpen, p99Trend, rssTrend } from './soak-verdict.js';

const SECONDS = 3_600;

const aSample = (overrides: Partial<ProxySample>): ProxySample => ({
  ...{ atSeconds: 0, rssMiB: 200, peakRssMiB: 250, heapMiB: 70, externalMiB: 10 },
  ...{ loopLagP99Ms: 12, ownLagP99Ms: 12, descriptors: { socket: 12, eventpoll: 3 } },
  sockets: { 'callers LISTEN': 1, 'postgresql ESTABLISHED': 3, 'vault ESTABLISHED': 1 },
  ...overrides,
});

const anHour = (rssMiB: (minute: number) => number): readonly ProxySample[] =>
  Array.from({ length: 60 }, (_, minute) =>
    aSample({ atSeconds: minute * 60 + 30, rssMiB: rssMiB(minute) }),
  );

describe('the verdict of a soak', () => {
  it('does not count the memory that fills in the first sixth', () => {
    const rss = rssTrend(
      anHour((minute) => (minute < 10 ? 100 + minute * 10 : 200)),
      SECONDS,
    );
    expect([rss, isFlat(rss)]).toEqual([{ second: 200, last: 200 }, true]);
  });

  it('does not mind single peaks', () => {
    const rss = rssTrend(
      anHour((minute) => (minute % 5 === 4 ? 400 : 200)),
      SECONDS,
    );
    expect(isFlat(rss)).toBe(true);
  });

  it('finds memory that grows by half a mebibyte a minute', () => {
    const rss = rssTrend(
      anHour((minute) => 180 + minute / 2),
      SECONDS,
    );
    expect(isFlat(rss)).toBe(false);
  });

  it('takes the least of the heap in each sixth', () => {
    const samples = [900, 901, 3_500, 3_501].map((atSeconds, nth) =>
      aSample({ atSeconds, heapMiB: 70 + nth * 10 }),
    );
    expect(heapFloorTrend(samples, SECONDS)).toEqual({ second: 70, last: 90 });
  });

  it('finds a p99 that has doubled', () => {
    const calls = (factor: number) =>
      Array.from({ length: 6_000 }, (_, nth) => {
        const dueMs = nth * 600;
        return { dueMs, tookMs: (nth % 100) * (dueMs > 3_000_000 ? factor : 1) };
      });
    expect(isSteady(p99Trend(calls(1), SECONDS))).toBe(true);
    expect(isSteady(p99Trend(calls(2), SECONDS))).toBe(false);
  });

  it('leaves connections to PostgreSQL to the pool, and names all else that stays open', () => {
    const before = aSample({});
    const sockets = { ...before.sockets, 'postgresql ESTABLISHED': 9 };
    expect(leftOpen(before, aSample({ sockets }))).toEqual([]);
    const more = { ...sockets, 'destinations CLOSE_WAIT': 2, 'callers ESTABLISHED': 1 };
    const descriptors = { socket: 20, eventpoll: 3, pipe: 4 };
    expect(leftOpen(before, aSample({ sockets: more, descriptors }))).toEqual([
      '1 more sockets with callers',
      '2 more sockets with destinations',
      '4 more descriptors of kind pipe',
    ]);
  });
});
