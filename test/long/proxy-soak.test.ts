import { setTimeout as pause } from 'node:timers/promises';
import { describeWithServer } from '#test-support';
import { until } from '../support/until.js';
import { type ProxySample, sampleOf, socketsWith } from './proxy-sample.js';
import { SoakCalls } from './soak-calls.js';
import { SoakClient } from './soak-client.js';
import { SoakLoad } from './soak-load.js';
import { SoakRecords } from './soak-records.js';
import { keepCourse, rowOf, tableOf } from './soak-report.js';
import { heapFloorTrend, isFlat, isSteady, leftOpen, p99Trend, rssTrend } from './soak-verdict.js';
import { SoakWorld } from './soak-world.js';

const MINUTES = Number(process.env['POSTERN_SOAK_MINUTES'] ?? 60);
const IS_LONG =
  process.env['POSTERN_TEST_VOLUME'] === 'long' ||
  process.env['POSTERN_SOAK_MINUTES'] !== undefined;
const TIMES = IS_LONG
  ? { seconds: MINUTES * 60, rotateEverySeconds: 150, reconnectEverySeconds: 45 }
  : { seconds: 5, rotateEverySeconds: 2, reconnectEverySeconds: 2 };
const SAMPLE_EVERY_MS = IS_LONG ? 5_000 : 1_000;
const ROW_SECONDS = IS_LONG ? 60 : 5;
/** Of a verdict on memory, the least: below that even the second sixth is the time in which memories fill. */
const RSS_VERDICT_SECONDS_MIN = 600;
/** By then connections that nobody uses are closed. */
const LET_GO_MS = 20_000;
/** The pool of calls, and that of the re-check and the census. */
const POSTGRES_POOL = 10 + 4;
const TIMEOUT_MS = (TIMES.seconds + 120) * 1000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

describeWithServer('a proxy under mixed load for long', 'postgres-18', () => {
  describeWithServer('with secrets', 'openbao', () => {
    const samples: ProxySample[] = [];
    const rows: string[][] = [];
    let world: SoakWorld;
    let client: SoakClient;
    let load: SoakLoad;
    let records: SoakRecords;
    let before: ProxySample;
    let after: ProxySample;

    const sample = () => sampleOf(world, load.startedAtMs);

    async function observe(): Promise<void> {
      while (load.isRunning) {
        await pause(SAMPLE_EVERY_MS);
        const taken = await sample();
        samples.push(taken);
        await records.take();
        const from = rows.length * ROW_SECONDS;
        if (taken.atSeconds < from + ROW_SECONDS) continue;
        rows.push(rowOf({ samples, latencies: load.latencies }, from, from + ROW_SECONDS));
        if (IS_LONG) say(`soak: ${rows.at(-1)!.join('  ')}`);
      }
    }

    beforeAll(async () => {
      world = await SoakWorld.start();
      client = new SoakClient(world.addresses.origin);
      load = new SoakLoad(world, client, await SoakCalls.for(world, client));
      records = new SoakRecords(world);
      before = await sample();
      await Promise.all([load.run(TIMES), observe()]);
      await client.close();
      await until('callers and destinations are let go of', () => isQuiet(), LET_GO_MS).catch(
        () => undefined, // What is left is told below.
      );
      after = await sample();
      await records.take();
    }, TIMEOUT_MS);

    afterAll(() => world.stop(), 30_000);

    async function isQuiet(): Promise<boolean> {
      return leftOpen(before, await sample()).length === 0 && (await records.unfinished()) === 0;
    }

    it('answers every call as it must be answered', () => {
      expect(load.unexpected).toEqual([]);
      expect(load.latencies.length).toBeGreaterThan(TIMES.seconds * 50);
    });

    it('has every call on record that reached a destination, and no other', async () => {
      expect(await records.differences()).toEqual([]);
      expect(await records.unfinished()).toBe(0);
    });

    it('lets go of every descriptor', () => {
      expect(leftOpen(before, after)).toEqual([]);
      expect(socketsWith(after, 'postgresql')).toBeLessThanOrEqual(POSTGRES_POOL);
    });

    if (TIMES.seconds >= RSS_VERDICT_SECONDS_MIN) {
      it('takes no more memory in the end than after it has warmed up', () => {
        const rss = rssTrend(samples, TIMES.seconds);
        expect({ rss, isFlat: isFlat(rss) }).toEqual({ rss, isFlat: true });
      });

      it('answers as fast in the end as after it has warmed up', () => {
        const p99 = p99Trend(load.latencies, TIMES.seconds);
        expect({ p99, isSteady: isSteady(p99) }).toEqual({ p99, isSteady: true });
      });
    }

    afterAll(() => {
      if (!IS_LONG) return;
      const { seconds } = TIMES;
      const found = {
        made: Object.fromEntries(load.made),
        outcomes: Object.fromEntries(records.outcomes),
        unexpected: load.unexpectedCount,
        handlesIssued: world.handles.issued,
        secondAndLastSixth: {
          rssMiB: rssTrend(samples, seconds),
          heapFloorMiB: heapFloorTrend(samples, seconds),
          p99Ms: p99Trend(load.latencies, seconds),
        },
      };
      say(tableOf(rows));
      say(JSON.stringify(found, undefined, 1));
      const file = keepCourse(
        { samples, latencies: load.latencies },
        { ...found, seconds, firstUnexpected: load.unexpected, before, after },
      );
      say(`soak: all samples are in ${file}`);
    });
  });
});
