import { TOPICS } from '#events';
import { ReceiveCommand } from '#oauth';
import { type AppContext } from '#platform';
import { CommandConsumer } from './command-consumer.js';
import { receivingParts, type ReceivingPorts } from './receiving-parts.js';

/** Until a broker has to answer; after that the process ends, and says which brokers it tried. */
const START_DEADLINE_MS = 30_000;

/** Where commands come from, and what lets go of it. */
export interface OpenCommands {
  readonly summary: string;
  /** Resolves when no command is being carried out any more. */
  close(): Promise<void>;
}

/**
 * Reads signed commands from Kafka where KAFKA_BROKERS names it; without it they come by push alone.
 * @throws DependencyUnavailable when Kafka cannot be reached or has no command topic as it must be
 */
export async function openCommands(
  { settings, health, metrics, log, clock }: AppContext,
  ports: ReceivingPorts,
): Promise<OpenCommands> {
  const { kafka } = settings;
  if (kafka === undefined) {
    return { summary: 'commands by push alone', close: () => Promise.resolve() };
  }
  const { KafkaCommandFeed, kafkaOptions, KafkaTopics } = await import('#adapters/kafka'); // Not small.
  const onProblem = (problem: string): void => log.warn(problem);
  const options = await kafkaOptions(kafka, { clientId: 'postern-control', onProblem });
  const topics = new KafkaTopics(options);
  await topics.reach(START_DEADLINE_MS);
  for (const warning of await topics.check({ topics: [TOPICS.command] })) log.warn(warning);
  const feed = new KafkaCommandFeed(options);
  const receiver = new ReceiveCommand({ ...receivingParts(ports), clock });
  const consumer = new CommandConsumer({ feed, receiver, clock, health, metrics, log });
  await consumer.start();
  health.add('command topic', () => topics.health());
  return {
    summary: `commands by push and from Kafka ${kafka.brokers.join(',')}`,
    close: async () => {
      await consumer.stop();
      await feed.close();
      await topics.close();
    },
  };
}
