import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createTopics } from '../support/kafka.js';
import { TestKafka } from '../support/test-kafka.js';

const run = promisify(execFile);
const VARIABLE = 'POSTERN_TEST_KAFKA_BROKERS';

/** A real Kafka with the topics of Postern, or why this machine has none. */
export type DemoKafka =
  | { readonly kind: 'found'; readonly brokers: string; stop(): Promise<void> }
  | { readonly kind: 'missing'; readonly why: string };

/** What a person can do about a Kafka that is missing. */
export const KAFKA_WANTED =
  `install Java 17 or later and Maven, which fetches Kafka once; or name brokers that may ` +
  `keep the records of a demo: ${VARIABLE}=127.0.0.1:9094 npm run demo`;

/** The one that the environment names, or one of our own. Never rejects. */
export async function findKafka(): Promise<DemoKafka> {
  const given = process.env[VARIABLE];
  const found = given === undefined || given === '' ? startOwn() : borrow(given);
  return found.catch((error: unknown) => ({ kind: 'missing', why: firstLine(error) }));
}

async function borrow(brokers: string): Promise<DemoKafka> {
  await createTopics(brokers);
  return { kind: 'found', brokers, stop: () => Promise.resolve() };
}

async function startOwn(): Promise<DemoKafka> {
  await run('java', ['-version']).catch((cause: unknown) => {
    throw new Error('Java 17 or later is missing (no command "java")', { cause });
  });
  const kafka = await TestKafka.start('demo');
  try {
    await createTopics(kafka.brokers);
  } catch (error) {
    await kafka.stop();
    throw error;
  }
  return { kind: 'found', brokers: kafka.brokers, stop: () => kafka.stop() };
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
