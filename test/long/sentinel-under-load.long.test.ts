import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { KafkaEventBus } from '#adapters/kafka';
import { TOPICS, topicOf } from '#events';
import { secondsAfter, SystemClock } from '#kernel';
import { createTopics, describeWithServer, TestKafka, testPostgres } from '#test-support';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { until } from '../support/until.js';
import { BusyDeployment } from './busy-deployment.js';
import { CpuOf } from './cpu-of.js';

const PER_SECOND = 5_000;
/** What waits when the sentinel starts: two minutes of it. */
const BACKLOG_SECONDS = 120;
const HELD_SECONDS = Number(process.env['POSTERN_HELD_SECONDS'] ?? 300);
const BATCH = 500;
/** What two cores have to take at least, with producer, broker and database on them: 4,500 were measured. */
const TAKEN_PER_SECOND_MIN = 4_000;
const DRAIN_MS = 900_000;
const READ = [TOPICS.exchange, TOPICS.call];

const clock = new SystemClock();

/**
 * The sentinel as it is shipped, with a Kafka and a PostgreSQL of its own: how fast it takes what waits, and how much of
 * 5,000 events a second. Producer, broker, database and sentinel share the machine's cores, so what is found is a floor.
 */
describeWithServer('detection at 5,000 events a second', 'kafka', () => {
  describeWithServer('on one machine', 'postgres-18', () => {
    it(
      'takes at least 4,000 a second, of a backlog and of what comes',
      async () => {
        const world = await World.open();
        try {
          const begin = secondsAfter(clock.now(), -BACKLOG_SECONDS);
          for (let second = 0; second < BACKLOG_SECONDS; second += 1) {
            await world.publish(secondsAfter(begin, second));
          }
          const drained = await world.drain(BACKLOG_SECONDS * PER_SECOND);
          const held = await world.hold(HELD_SECONDS);
          process.stderr.write(`${drained.told}\n${held.told}\n`);
          expect(drained.perSecond).toBeGreaterThan(TAKEN_PER_SECOND_MIN);
          expect(held.perSecond).toBeGreaterThan(TAKEN_PER_SECOND_MIN);
          expect(world.sentinel.output).not.toContain('dead letter');
        } finally {
          await world.close();
        }
      },
      DRAIN_MS * 2 + HELD_SECONDS * 1_000,
    );
  });
});

class World {
  private readonly deployment = new BusyDeployment();

  private constructor(
    private readonly parts: {
      readonly kafka: TestKafka;
      readonly bus: KafkaEventBus;
      readonly admin: Admin;
      readonly group: string;
      readonly database: NonNullable<Awaited<ReturnType<typeof testPostgres>>>;
    },
    readonly sentinel: PosternProcess,
  ) {}

  static async open(): Promise<World> {
    const kafka = await TestKafka.start('busy');
    await createTopics(kafka.brokers);
    const database = (await testPostgres(18))!;
    const folder = await makePosternFolder({
      destination: 'http://127.0.0.1:9',
      overrides: { environment: 'dev', deployment: 'busy' },
    });
    const sentinel = new PosternProcess({
      app: 'sentinel',
      environment: {
        POSTERN_CONFIG: folder.configFile,
        DATABASE_URL: await database.urlAs('postern_sentinel'),
        KAFKA_BROKERS: kafka.brokers,
      },
      readyUrl: `${folder.adminOrigin}/readyz`,
    });
    const brokers = kafka.brokers.split(',');
    const onProblem = (line: string): void => void process.stderr.write(`${line}\n`);
    const bus = new KafkaEventBus({ brokers, clientId: 'busy', onProblem });
    const { Kafka, logLevel } = kafkajs;
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return new World({ kafka, bus, admin, database, group: 'postern-sentinel-busy' }, sentinel);
  }

  /** The events of one second. */
  async publish(second: Date): Promise<void> {
    const events = Array.from({ length: PER_SECOND }, (_, n) =>
      this.deployment.next(new Date(second.getTime() + (n * 1_000) / PER_SECOND)),
    );
    for (let from = 0; from < events.length; from += BATCH) {
      const batch = events.slice(from, from + BATCH);
      const records = batch.map((event) => ({
        ...{ topic: topicOf(event.type), key: event.partitionkey },
        event,
      }));
      await this.parts.bus.publish(records);
    }
  }

  async drain(events: number): Promise<{ readonly perSecond: number; readonly told: string }> {
    await this.sentinel.start();
    const [before, cpu] = [clock.now().getTime(), await this.#cpu()];
    const first = await this.#lag();
    await until('all that waited is taken', async () => (await this.#lag()) === 0, DRAIN_MS);
    const seconds = (clock.now().getTime() - before) / 1_000;
    const perSecond = Math.min(first, events) / seconds;
    return {
      perSecond,
      told: `backlog: ${first} of ${events} events in ${seconds.toFixed(1)} s, ${perSecond.toFixed(0)} events/s; ${await cpu.since(first)}`,
    };
  }

  async hold(seconds: number): Promise<{ readonly perSecond: number; readonly told: string }> {
    const cpu = await this.#cpu();
    const began = clock.now().getTime();
    const lags: number[] = [];
    for (let second = 0; second < seconds; second += 1) {
      await this.publish(clock.now());
      lags.push(await this.#lag());
      await pause(Math.max(0, began + (second + 1) * 1_000 - clock.now().getTime()));
    }
    const took = (clock.now().getTime() - began) / 1_000;
    const atEnd = lags.at(-1)!;
    const rate = (seconds * PER_SECOND) / took;
    const perSecond = (seconds * PER_SECOND - atEnd) / took;
    return {
      perSecond,
      told:
        `held ${rate.toFixed(0)} events/s for ${took.toFixed(0)} s, ${perSecond.toFixed(0)} taken; lag at most ${Math.max(...lags)}, in the last minute at most ` +
        `${Math.max(...lags.slice(-60))}, at the end ${atEnd}; ${await cpu.since(seconds * PER_SECOND)}`,
    };
  }

  async close(): Promise<void> {
    const { kafka, bus, admin, database } = this.parts;
    await this.sentinel.stop();
    await Promise.all([bus.close(), admin.disconnect()]);
    await kafka.stop();
    await database.drop();
  }

  async #lag(): Promise<number> {
    const { admin, group } = this.parts;
    const taken = await admin.fetchOffsets({ groupId: group, topics: [...READ] });
    let lag = 0;
    for (const { topic, partitions } of taken) {
      const ends = await admin.fetchTopicOffsets(topic);
      for (const { partition, offset } of partitions) {
        const end = ends.find((one) => one.partition === partition);
        lag += Number(end?.high ?? 0) - Math.max(0, Number(offset));
      }
    }
    return lag;
  }

  #cpu(): Promise<CpuOf> {
    const { database } = this.parts.database;
    const sessions = `select pid from pg_stat_activity
      where datname = current_database() and application_name = 'postern-sentinel'`;
    return CpuOf.from({
      sentinel: () => Promise.resolve([this.sentinel.pid]),
      PostgreSQL: async () =>
        (await database.query<{ pid: number }>(sessions)).map(({ pid }) => pid),
      producer: () => Promise.resolve([process.pid]),
    });
  }
}
