import { KafkaTopics } from '#adapters/kafka';
import { TestKafka } from './test-kafka.js';

const VARIABLE = 'POSTERN_TEST_KAFKA_BROKERS';
/** One broker, or one that we were lent: records need not outlive it. */
const DURABILITY = { replicationFactor: 1, minInSyncReplicas: 1 };

let started: TestKafka | undefined;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts a broker, unless KAFKA_BROKERS names one, and makes the topics of Postern on it. Resolves to the environment
 * variables that tell the suites of it; to none when this machine cannot give one, and then says why.
 *
 * All suites share it, and topic names are fixed: a suite tells its records by keys of its own, reads with consumer
 * groups of its own, and begins at the earliest record. A suite that stops the broker starts a TestKafka of its own.
 */
export async function startKafka(): Promise<Record<string, string>> {
  const given = process.env['KAFKA_BROKERS'];
  const where = given === undefined ? 'started on' : 'KAFKA_BROKERS names';
  return withTopics(given).then(
    (brokers) => {
      say(`kafka: ${where} ${brokers}`);
      return { [VARIABLE]: brokers };
    },
    async (error: unknown) => {
      await stopKafka();
      say(`kafka: none (${error instanceof Error ? error.message : String(error)})`);
      return {};
    },
  );
}

async function withTopics(given: string | undefined): Promise<string> {
  const brokers = given ?? (await startOwn());
  await createTopics(brokers);
  return brokers;
}

export async function stopKafka(): Promise<void> {
  const kafka = started;
  started = undefined;
  await kafka?.stop();
}

/** Makes the topics of Postern that are missing there. */
export async function createTopics(brokers: string): Promise<void> {
  const topics = new KafkaTopics({
    brokers: brokers.split(','),
    clientId: 'postern-test-support',
    onProblem: say,
  });
  try {
    await topics.createMissing(DURABILITY);
  } finally {
    await topics.close();
  }
}

async function startOwn(): Promise<string> {
  started = await TestKafka.start('shared');
  return started.brokers;
}
