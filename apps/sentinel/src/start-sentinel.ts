import {
  KafkaCandidateFeed,
  KafkaDeadLetters,
  KafkaEventBus,
  KafkaLineFeed,
  kafkaOptions,
  KafkaTopics,
  topicsOf,
} from '#adapters/kafka';
import { PostgresDatabase, requireMigrated, rulePlaceOf } from '#adapters/postgres';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { addSentinelHealth, Sentinel, SentinelModule, sentinelStores } from './sentinel.module.js';

/** Until a broker has to answer; after that the process ends, and says which brokers it tried. */
const START_DEADLINE_MS = 30_000;
/** What came, the rules beside it, and upkeep. */
const POOL_SIZE = 6;

/**
 * The sentinel: reads evidence from Kafka, keeps what rules look at, and raises detections. It orders responses and
 * carries none out: it has no right on handles, and no login to Vault.
 * @throws ConfigError, DependencyUnavailable
 */
export async function startSentinel(context: AppContext): Promise<RunningApp> {
  const { databaseUrl, kafka } = requireServers(context.settings, ['databaseUrl', 'kafka']);
  const { config, health, metrics, log } = context;
  const connection = await kafkaOptions(kafka, {
    clientId: 'postern-sentinel',
    onProblem: (problem) => log.warn(problem),
  });
  const topics = new KafkaTopics(connection);
  await topics.reach(START_DEADLINE_MS);
  for (const warning of await topics.check({ topics: topicsOf('sentinel') })) log.warn(warning);
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-sentinel',
    poolSize: POOL_SIZE,
  });
  await requireMigrated(database);
  const [bus, deadLetters] = [new KafkaEventBus(connection), new KafkaDeadLetters(connection)];
  const stores = sentinelStores(database, rulePlaceOf(config));
  const candidates =
    config.detection.streamRules === 'candidates' ? new KafkaCandidateFeed(connection) : undefined;
  const lines = new KafkaLineFeed(connection);
  const sentinel = new Sentinel({
    ...{ context, stores, bus, deadLetters, lines, component: 'sentinel' },
    ...(candidates === undefined ? {} : { candidates }),
  });
  addSentinelHealth(health, sentinel, () => Promise.all([topics.ping(), database.ping()]));
  health.add('postgresql', () => database.ping());
  health.add('kafka', () => topics.health());
  const host = await startHttpHost({
    module: AdminModule.register(health, metrics, [SentinelModule.register(sentinel)]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
  });
  return {
    serves: `admin http://${host.address.host}:${host.address.port}, Kafka ${kafka.brokers.join(',')}`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await Promise.all([candidates?.close(), lines.close()]);
      await Promise.all([bus.close(), deadLetters.close(), topics.close()]);
      await database.close();
    },
  };
}
