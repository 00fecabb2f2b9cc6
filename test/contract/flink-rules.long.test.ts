import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { KafkaEventBus } from '#adapters/kafka';
import { flinkRules, type OwnThresholds, STREAM_RULES } from '#adapters/postgres';
import { type RuleId } from '#detection';
import { type RecordedEvent, topicOf } from '#events';
import { secondsAfter } from '#kernel';
import { createTopics, describeWithServer, FlinkJob, TestKafka } from '#test-support';
import { CandidateTopic } from './candidate-topic.js';
import { NOON, RuleBench } from './rule-bench.js';
import {
  eachRuleOnce,
  evidenceByChance,
  EXAMPLE_ZONES,
  lineOfCandidate,
  LOW_THRESHOLDS,
  shuffledAndRepeated,
} from './streamed-evidence.js';

const FOLDER = 'deploy/streaming/flink';
const BEFORE_RULES = [`${FOLDER}/sources.sql`, `${FOLDER}/sink.sql`];
const SHIPPED = `${FOLDER}/rules.sql`;
const TOPIC = 'postern.detection-candidates.v1';
const OF_RUNS_THAT_END = ['candidates-shipped', 'candidates-changed'] as const;
const SEED = 7;
const EVENTS = 900;
/** Planning eleven rules and starting them takes a minute of two cores that are free. */
const FLINK_MS = 1_800_000;
const READ_MS = 30_000;
/** A job that wrote nothing for so long has nothing more to say: what it said is compared. */
const QUIET_MS = 180_000;
const POLL_MS = 250;
/** What these look for only grows with each event: there are no baselines that may come late. */
const GROWING: readonly string[] = ['D05', 'D07', 'D08', 'D12', 'D14', 'D15', 'D21'];

/**
 * The files that are shipped, in an Apache Flink over an Apache Kafka: the topics carry the events that PostgreSQL has,
 * shuffled, and some of them twice. What comes out is compared with its evaluator, field by field.
 */
describeWithServer('the rules in Apache Flink', 'postgres-18', () => {
  let bench: RuleBench;
  let kafka: TestKafka;
  let bus: KafkaEventBus;
  const events = [...eachRuleOnce(), ...evidenceByChance(SEED, EVENTS)];
  const arrivals = shuffledAndRepeated(SEED, events);
  const half = Math.floor(arrivals.length / 2);

  beforeAll(async () => {
    [bench, kafka] = await Promise.all([RuleBench.open(), TestKafka.start('flink')]);
    await bench.log.append(events, EXAMPLE_ZONES);
    await createTopics(kafka.brokers);
    await makeTopics(kafka.brokers, OF_RUNS_THAT_END);
    const onProblem = (): undefined => undefined;
    bus = new KafkaEventBus({ brokers: [kafka.brokers], clientId: 'flink-rules', onProblem });
    await publish(arrivals.slice(0, half));
  }, 120_000);
  afterAll(async () => {
    await bus.close();
    await Promise.all([bench.close(), kafka.stop()]);
  });

  const publish = (some: readonly RecordedEvent[]): Promise<void> =>
    bus.publish(
      some.map((event) => ({ topic: topicOf(event.type), key: event.partitionkey, event })),
    );

  const oracle = async (own: OwnThresholds = {}): Promise<Map<string, string[]>> => {
    const span = { from: secondsAfter(NOON, -40 * 86_400), until: secondsAfter(NOON, 86_400) };
    const found = new Map<string, string[]>();
    for (const { id } of STREAM_RULES) {
      const settings = { mode: 'monitor', resources: {}, thresholds: own[id] ?? {} } as const;
      const candidates = await bench.evaluator.evaluate(id, settings, span);
      found.set(id, candidates.map(lineOfCandidate).sort());
    }
    return found;
  };

  it(
    'G11: streams, from shuffled, repeated and late events, what the evaluator of PostgreSQL finds',
    async () => {
      const expected = allOf(await oracle());
      const job = await FlinkJob.start({
        files: [...BEFORE_RULES, SHIPPED],
        instead: writingTo(TOPIC, kafka.brokers),
      });
      const topic = await CandidateTopic.read(kafka.brokers, TOPIC);
      const goesOn = (condition: () => boolean) => () => {
        if (job.failure !== undefined) throw job.failure;
        return condition();
      };
      try {
        await until(goesOn(() => topic.lines.length > 0));
        // Mixed with what came before, all of it is late.
        await publish(arrivals.slice(half));
        const isThere = (): boolean =>
          topic.lines.join() === expected.join() || topic.quietMs > QUIET_MS;
        await until(goesOn(isThere));
      } finally {
        await Promise.all([job.stop(), topic.close()]);
      }
      expect(topic.lines).toEqual(expected);
      expect(topic.problems).toEqual([]);
      process.stderr.write(`taken back while it streamed: ${topic.takenBack.sort().join(' ')}\n`);
      expect(topic.takenBack.filter((rule) => GROWING.includes(rule))).toEqual([]);
    },
    2 * FLINK_MS + 60_000,
  );

  it(
    'finds the same in a run that ends',
    async () => {
      const expected = await oracle();
      expect(await untilItEnds('candidates-shipped', SHIPPED, allOf(expected))).toEqual(
        allOf(expected),
      );
      // A rule that finds nothing would be equal to itself.
      for (const [id, found] of expected) expect([id, found.length > 0]).toEqual([id, true]);
    },
    FLINK_MS + 60_000,
  );

  it(
    'finds what the evaluator finds with other thresholds, so that one that is changed is noticed',
    async () => {
      const [shipped, low] = [await oracle(), await oracle(LOW_THRESHOLDS)];
      const changed = { text: flinkRules(LOW_THRESHOLDS) };
      const lines = await untilItEnds('candidates-changed', changed, allOf(low));
      expect(lines).toEqual(allOf(low));
      for (const id of Object.keys(LOW_THRESHOLDS) as RuleId[]) {
        expect(lines.filter((line) => line.startsWith(`${id} `))).not.toEqual(shipped.get(id));
      }
    },
    FLINK_MS + 60_000,
  );

  /** What a run over all that is on the topics gives, when it has ended. */
  const untilItEnds = async (
    name: (typeof OF_RUNS_THAT_END)[number],
    rules: string | { readonly text: string },
    expected: readonly string[],
  ): Promise<readonly string[]> => {
    const begin = "'scan.startup.mode' = 'earliest-offset'";
    const instead = {
      ...writingTo(name, kafka.brokers),
      [begin]: `${begin}, 'scan.bounded.mode' = 'latest-offset'`,
    };
    const job = await FlinkJob.start({ files: [...BEFORE_RULES, rules], instead });
    await job.reaches('ended').finally(() => job.stop());
    const topic = await CandidateTopic.read(kafka.brokers, name);
    await until(() => topic.lines.join() === expected.join(), READ_MS);
    await topic.close();
    expect(topic.problems).toEqual([]);
    return topic.lines;
  };
});

const allOf = (found: ReadonlyMap<string, readonly string[]>): readonly string[] =>
  [...found.values()].flat().sort();

const writingTo = (topic: string, brokers: string): Record<string, string> => ({
  'kafka:9092': brokers,
  [TOPIC]: topic,
  // No operator waits in a test: what was found is sent at once.
  "'sink.buffer-flush.interval' = '10 s'": "'sink.buffer-flush.interval' = '1 s'",
});

/** Until the condition holds, or the time is over: what came is compared then, and shows what is missing. */
async function until(condition: () => boolean, timeoutMs = FLINK_MS): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition() && performance.now() < end) await pause(POLL_MS);
}

async function makeTopics(brokers: string, names: readonly string[]): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topics = names.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 }));
  await admin.createTopics({ topics, waitForLeaders: true }).finally(() => admin.disconnect());
}
