import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import kafkajs from 'kafkajs';
import { KafkaTopics } from '#adapters/kafka';
import { PostgresEventJournal } from '#adapters/postgres';
import { type RecordedEvent, TOPICS } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent } from '#testing';
import { TestKafkaCluster } from '../support/test-kafka-cluster.js';
import { until } from '../support/until.js';
import { RelayProcess } from './relay-process.js';
import { TopicReader } from './topic-reader.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
/** With three, two of which must have a record before it counts; with two, both as long as both are there. */
const BROKERS = long ? 3 : 2;
const DURABILITY = { replicationFactor: BROKERS, minInSyncReplicas: BROKERS - 1 };
const KEYS = 40;
const EVENTS = long ? 5_000 : 400;
const EVENTS_AT_ONCE = 20;
/** What every trouble must be told within, and be over within once its cause is. */
const TOLD_WITHIN_MS = 60_000;
const OVER_WITHIN_MS = 60_000;

interface Readiness {
  readonly status: number;
  /** `<check>: <reason>` of what is not well. */
  readonly reasons: string;
}

/**
 * The relay as it is shipped, one process for all of it, against brokers of its own. It must lose nothing, come back by
 * itself, and say at /readyz what is the matter.
 */
describeWithServer('the relay and a Kafka in trouble', 'kafka', () => {
  describeWithServer('with its outbox', 'postgres-18', () => {
    const prefix = `hdl_${randomUUID()}_`;
    const appended: string[] = [];
    const timeline: string[] = [];
    let cluster: TestKafkaCluster;
    let place: TestDatabase;
    let relay: RelayProcess;

    const client = () =>
      new kafkajs.Kafka({
        brokers: cluster.brokers.split(','),
        logLevel: kafkajs.logLevel.NOTHING,
      });

    /** Writes as an STS does: many keys, several events of one key in one transaction. */
    async function append(count: number): Promise<void> {
      const journal = new PostgresEventJournal(place.database);
      for (let written = 0; written < count; written += EVENTS_AT_ONCE) {
        const events = Array.from({ length: EVENTS_AT_ONCE }, (_, at) =>
          anOutboxEvent(`${prefix}${(written * 7 + at * 3) % KEYS}`, `after ${written}`),
        );
        await journal.append(events);
        appended.push(...events.map(({ id }) => id));
      }
    }

    async function unpublished(): Promise<number> {
      const [row] = await place.database.query<{ count: number }>(
        'select count(*)::integer as count from outbox where published_at is null',
      );
      return row!.count;
    }

    async function readiness(): Promise<Readiness> {
      const answer = await fetch(`${relay.adminUrl}/readyz`);
      const { checks } = (await answer.json()) as {
        checks: { name: string; ok: boolean; reason?: string }[];
      };
      const bad = checks.filter(({ ok }) => !ok);
      const reasons = bad.map(({ name, reason }) => `${name}: ${reason ?? ''}`).join('; ');
      return { status: answer.status, reasons };
    }

    /** Waits for it, keeps how long it took, and resolves to what was said then. */
    async function told(what: string, wanted: RegExp): Promise<void> {
      const begun = performance.now();
      await until(
        `${what}: /readyz tells`,
        async () => {
          const { status, reasons } = await readiness();
          return status === 503 && wanted.test(reasons);
        },
        TOLD_WITHIN_MS,
      );
      timeline.push(`${what}: told after ${Math.round(performance.now() - begun)} ms`);
    }

    async function over(what: string): Promise<void> {
      const begun = performance.now();
      const drained = async (): Promise<boolean> => (await unpublished()) === 0;
      await until(`${what}: all is published`, drained, OVER_WITHIN_MS);
      const ready = async (): Promise<boolean> => (await readiness()).status === 200;
      await until(`${what}: /readyz is ready again`, ready, OVER_WITHIN_MS);
      timeline.push(`${what}: over after ${Math.round(performance.now() - begun)} ms`);
    }

    /** Which brokers lead partitions of the topic that is written to. */
    async function leaders(): Promise<readonly number[]> {
      const admin = client().admin();
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [TOPICS.handle] });
      await admin.disconnect();
      const leading = topics.flatMap(({ partitions }) => partitions.map(({ leader }) => leader));
      return [...new Set(leading)].sort();
    }

    beforeAll(async () => {
      [cluster, place] = await Promise.all([
        TestKafkaCluster.start('trouble', BROKERS),
        testPostgres().then((found) => found!),
      ]);
      const topics = new KafkaTopics({
        brokers: cluster.brokers.split(','),
        clientId: 'trouble',
        onProblem: (problem) => timeline.push(problem),
      });
      await topics.createMissing(DURABILITY);
      await topics.close();
      const databaseUrl = await place.urlAs('postern_relay');
      relay = await RelayProcess.start({ databaseUrl, brokers: cluster.brokers });
      await append(EVENTS);
      await over('no trouble');
    }, 180_000);

    afterAll(async () => {
      process.stderr.write(`kafka-trouble: ${timeline.join('; ')}\n`);
      // Whatever did not start is not there to be ended.
      await (relay as RelayProcess | undefined)?.end('SIGKILL');
      await (cluster as TestKafkaCluster | undefined)?.stop();
      await (place as TestDatabase | undefined)?.drop();
    }, 120_000);

    it('goes on when a leader dies and others take its place', async () => {
      expect(await leaders()).toContain(2);
      await Promise.all([append(EVENTS), cluster.node(2).kill()]);
      await append(EVENTS);
      await over('leader moved');
      expect(await leaders()).not.toContain(2);
    }, 150_000);

    it('tells of brokers that accept connections and never answer, and goes on when they do', async () => {
      cluster.stall();
      await append(EVENTS);
      await told('stalled', /kafka/i);
      expect(await unpublished()).toBeGreaterThan(0);
      // In the long run those that were silent stay silent: only deadlines of our own end the wait.
      cluster.goOn(long ? 'silent' : 'cut');
      await over('stalled');
    }, 200_000);

    it('loses nothing to brokers that take hardly a byte, as with a full disk', async () => {
      await cluster.limitProducers(long ? 1 : 2_000);
      await append(EVENTS);
      if (long) await told('quota', /relay: /);
      else await until('some wait', async () => (await unpublished()) > 0);
      await append(EVENTS);
      await cluster.limitProducers(undefined);
      await over('quota');
    }, 200_000);

    it('tells that all brokers are gone, and goes on when they are back', async () => {
      // In the short run the second one has been gone all the time, and stays away.
      const nodes = long ? [1, 2, 3] : [1];
      await Promise.all(nodes.map((id) => cluster.node(id).kill()));
      await append(EVENTS);
      await told('killed', /kafka/i);
      await Promise.all(nodes.map((id) => cluster.node(id).startAgain()));
      await over('killed');
    }, 200_000);

    it('lost no event, made none up, and kept the order of each key', async () => {
      const reader = await TopicReader.start(cluster.brokers, TOPICS.handle, prefix);
      const arrived = (): Set<string> => {
        const events = reader.records.map(({ bytes }) => JSON.parse(bytes) as RecordedEvent);
        return new Set(events.map(({ id }) => id));
      };
      await until('every event', () => arrived().size >= appended.length, 30_000);
      await reader.stop();
      expect([...arrived()].sort()).toEqual([...appended].sort());
      const next = new Map<string, number>();
      const seen = new Set<string>();
      for (const { bytes, key } of reader.records) {
        const { id, sequence } = JSON.parse(bytes) as RecordedEvent;
        if (seen.has(id)) continue;
        seen.add(id);
        expect(Number(sequence)).toBe((next.get(key) ?? 0) + 1);
        next.set(key, Number(sequence));
      }
      const repeats = reader.records.length - seen.size;
      timeline.push(`${seen.size} events, ${repeats} repeats`);
    }, 60_000);

    it('is the process that it was, ready and alive', async () => {
      expect(await readiness()).toEqual({ status: 200, reasons: '' });
      expect((await fetch(`${relay.adminUrl}/healthz`)).status).toBe(200);
    });
  });
});
