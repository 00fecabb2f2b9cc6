import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PostgresEventJournal } from '#adapters/postgres';
import { TOPICS } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent } from '#testing';
import { until } from '../support/until.js';
import { chance } from './chance.js';
import { RelayProcess } from './relay-process.js';
import { TopicReader } from './topic-reader.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
/** What the relay takes by default is for the full volume; the short run has no time to wait for it. */
const IDLE_TIMEOUT_MS = long ? 15_000 : 2_000;
const STOPPED_MS = long ? 40_000 : 3_500;
const ROUNDS = long ? 10 : 1;
const RELAYS = 3;
const KEYS = 60;
const ROUND_EVENTS = 30;
const ROUND_PAUSE_MS = 30;
const SPREAD_MS = 60_000;
const DRAIN_MS = 60_000;

interface Lease {
  readonly shard: number;
  readonly holder: string | null;
  readonly epoch: string;
}

/**
 * G3: three relays share the shards; one stands still for longer than its lease lasts, and goes on in the middle of what
 * it did; others go and come. Each key keeps its order once repeats are dropped.
 */
describeWithServer('three relays, one of which stands still', 'kafka', (brokers) => {
  describeWithServer('with their outbox', 'postgres-18', () => {
    const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
    const random = chance(seed);
    const prefix = `hdl_${randomUUID()}_`;
    let place: TestDatabase;
    let reader: TopicReader;
    let relays: RelayProcess[] = [];
    let appended: string[] = [];
    let spread: number[] = [];
    let takenOverMs = 0;
    let heldAtLast: Lease[] = [];

    const leases = (): Promise<Lease[]> =>
      place.database.query<Lease>('select shard, holder, epoch from relay_lease order by shard');
    const heldBy = async ({ pid }: RelayProcess): Promise<number> => {
      const rows = await leases();
      return rows.filter(({ holder }) => holder?.endsWith(`/${pid}`)).length;
    };
    const evenly = async (): Promise<boolean> => {
      spread = await Promise.all(relays.map(heldBy));
      return Math.min(...spread) >= 4 && spread.reduce((sum, held) => sum + held, 0) === 16;
    };

    /** Each key once, and then any. */
    const keyOf = (nth: number): number => (nth < KEYS ? nth : Math.floor(random() * KEYS));

    async function load(going: () => boolean): Promise<string[]> {
      const journal = new PostgresEventJournal(place.database);
      const ids: string[] = [];
      for (let round = 0; going(); round += 1) {
        const events = Array.from({ length: ROUND_EVENTS }, (_, nth) =>
          anOutboxEvent(`${prefix}${keyOf(round * ROUND_EVENTS + nth)}`, `round ${round}`),
        );
        await journal.append(events);
        ids.push(...events.map(({ id }) => id));
        await pause(ROUND_PAUSE_MS);
      }
      return ids;
    }

    /** Stops the victim until long after another has its shards. */
    async function standstill(victim: RelayProcess): Promise<void> {
      const beganMs = performance.now();
      victim.stop();
      await until(
        'another has the shards of the one that stands still',
        async () => (await heldBy(victim)) === 0,
        STOPPED_MS * 5 + IDLE_TIMEOUT_MS,
      );
      takenOverMs = Math.max(takenOverMs, performance.now() - beganMs);
      await pause(Math.max(0, STOPPED_MS - (performance.now() - beganMs)));
      victim.goOn();
    }

    async function replaced(place: number, start: () => Promise<RelayProcess>): Promise<void> {
      await relays[place]!.end('SIGKILL');
      relays[place] = await start();
    }

    beforeAll(async () => {
      process.stderr.write(`relay-order: POSTERN_TEST_SEED=${seed}\n`);
      place = (await testPostgres())!;
      const databaseUrl = await place.urlAs('postern_relay');
      const faults = { idleTimeoutMs: IDLE_TIMEOUT_MS };
      const start = (): Promise<RelayProcess> =>
        RelayProcess.start({ databaseUrl, brokers, faults });
      reader = await TopicReader.start(brokers, TOPICS.handle, prefix);
      relays = await Promise.all(Array.from({ length: RELAYS }, start));
      await until('the shards are spread', evenly, SPREAD_MS);
      let going = true;
      const loading = load(() => going);
      const trouble = (async () => {
        for (let round = 0; round < ROUNDS; round += 1) {
          await standstill(relays[round % RELAYS]!);
          await replaced((round + 1) % RELAYS, start);
        }
      })();
      await trouble.finally(() => {
        going = false;
      });
      appended = await loading;
      await until('the shards are spread again', evenly, SPREAD_MS);
      heldAtLast = await leases();
      await until(
        'every event is on Kafka',
        () =>
          new Set(reader.records.map(({ headers }) => headers['ce_id'])).size >= appended.length,
        DRAIN_MS,
      );
      const repeats = reader.records.length - appended.length;
      process.stderr.write(
        `relay-order: ${appended.length} events, ${repeats} repeats, shards ${spread.join(' + ')}, ` +
          `taken over within ${Math.round(takenOverMs)} ms\n`,
      );
    }, 1_200_000);

    afterAll(async () => {
      await Promise.all(relays.map((relay) => relay.end('SIGTERM')));
      await reader.stop();
      await place.drop();
    }, 60_000);

    it('loses no event, and makes none up', () => {
      const arrived = new Set(reader.records.map(({ headers }) => headers['ce_id']));
      expect([...arrived].sort()).toEqual([...appended].sort());
    });

    it('keeps the order of each key, without a gap, once repeats are dropped', () => {
      const seen = new Set<string>();
      const sequences = new Map<string, number[]>();
      for (const { key, headers } of reader.records) {
        if (seen.has(headers['ce_id']!)) continue;
        seen.add(headers['ce_id']!);
        sequences.set(key, [...(sequences.get(key) ?? []), Number(headers['ce_sequence'])]);
      }
      expect(sequences.size).toBe(KEYS);
      for (const found of sequences.values()) {
        expect(found).toEqual(found.map((_, place) => place + 1));
      }
    });

    it('spreads the shards again, each held by one', () => {
      expect(new Set(heldAtLast.map(({ holder }) => holder)).size).toBe(RELAYS);
      expect(heldAtLast.every(({ holder }) => holder !== null)).toBe(true);
    });

    it('gives the shards of one that stands still to another soon after its time', () => {
      expect(takenOverMs).toBeGreaterThan(IDLE_TIMEOUT_MS / 2);
      expect(takenOverMs).toBeLessThan(IDLE_TIMEOUT_MS + 10_000);
    });

    it('has the one that stood still go on in order', () => {
      expect(relays.every(({ isAlive }) => isAlive)).toBe(true);
    });
  });
});
