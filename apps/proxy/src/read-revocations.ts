import {
  type KafkaConnectOptions,
  KafkaEventBus,
  kafkaOptions,
  KafkaTopics,
} from '#adapters/kafka';
import { type AppContext, waitAtMost } from '#platform';
import {
  FAREWELL_MS_MAX,
  REVOCATION_TOPICS,
  RevocationFeed,
  type RevocationFeedParts,
} from './revocation-feed.js';

const WITHOUT_KAFKA =
  'KAFKA_BROKERS is not set: revocations are found by the re-check alone, twice a second';

/**
 * Reads revocations from Kafka, where the environment names it. A start does not wait for Kafka, and readiness is never
 * refused for want of it: it is degraded, and says so.
 */
export async function readRevocations(
  { clock, health, log, metrics, settings }: AppContext,
  proxy: RevocationFeedParts['proxy'],
): Promise<{ stop(): Promise<void> }> {
  if (settings.kafka === undefined) {
    health.add('revocations', () => WITHOUT_KAFKA);
    return { stop: () => Promise.resolve() };
  }
  const warn = (message: string, err?: unknown): void => log.warn({ err }, message);
  const options = await kafkaOptions(settings.kafka, {
    clientId: 'postern-proxy',
    onProblem: warn,
  });
  const bus = new KafkaEventBus(options);
  const feed = await RevocationFeed.start({ bus, proxy, clock, metrics, onProblem: warn });
  health.add('revocations', feed.trouble);
  void warnOfTopics(options, warn);
  return {
    stop: async () => {
      await feed.stop();
      await waitAtMost(FAREWELL_MS_MAX, bus.close());
    },
  };
}

/** What is read must be there, with its settings; that it is not is a warning here. */
async function warnOfTopics(
  options: KafkaConnectOptions,
  warn: (message: string, err?: unknown) => void,
): Promise<void> {
  const topics = new KafkaTopics(options);
  try {
    for (const warning of await topics.check({ topics: REVOCATION_TOPICS })) warn(warning);
  } catch (error) {
    warn('the topics that are read here could not be checked, or are not as they must be', error);
  } finally {
    await topics.close();
  }
}
