import {
  KafkaDeadLetters,
  KafkaEventBus,
  kafkaOptions,
  KafkaTopics,
  topicsOf,
} from '#adapters/kafka';
import { PostgresDatabase, requireMigrated } from '#adapters/postgres';
import {
  AdminModule,
  type AppContext,
  type HttpHost,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { openAudit, type PostgresRelayParts, postgresRelay } from './postgres-relay.module.js';
import { addRelayHealth } from './relay-health.js';

/** Until a broker has to answer; after that the process ends, and says which brokers it tried. */
const START_DEADLINE_MS = 30_000;
const POOL_SIZE = 3;

/** What tests set otherwise; a relay that is shipped takes the defaults. */
export type RelayOptions = Pick<PostgresRelayParts, 'leases' | 'faults'>;

interface Connections {
  readonly database: PostgresDatabase;
  readonly bus: KafkaEventBus;
  readonly deadLetters: KafkaDeadLetters;
  readonly topics: KafkaTopics;
}

/**
 * The relay: reads and marks the outbox, writes to Kafka, and reads its own canaries back. It can make up no other event,
 * and read no other topic.
 * @throws ConfigError, DependencyUnavailable
 */
export async function startRelay(
  context: AppContext,
  options: RelayOptions = {},
): Promise<RunningApp> {
  const { databaseUrl, kafka } = requireServers(context.settings, ['databaseUrl', 'kafka']);
  const connection = await kafkaOptions(kafka, {
    clientId: 'postern-relay',
    onProblem: (problem) => context.log.warn(problem),
  });
  const topics = new KafkaTopics(connection);
  await topics.reach(START_DEADLINE_MS);
  for (const warning of await topics.check({ topics: topicsOf('relay') })) {
    context.log.warn(warning);
  }
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-relay',
    poolSize: POOL_SIZE,
  });
  await requireMigrated(database);
  const bus = new KafkaEventBus(connection);
  const deadLetters = new KafkaDeadLetters(connection);
  const connections = { database, topics, bus, deadLetters };
  const host = await startHost(context, connections, options);
  return {
    serves: `admin http://${host.address.host}:${host.address.port}, Kafka ${kafka.brokers.join(',')}`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await Promise.all([bus.close(), deadLetters.close(), topics.close()]);
      await database.close();
    },
  };
}

async function startHost(
  context: AppContext,
  connections: Connections,
  options: RelayOptions,
): Promise<HttpHost> {
  const { health, metrics, config } = context;
  const { database, topics, ...ends } = connections;
  const audit = await openAudit(context, database, 'relay');
  const relay = postgresRelay(context, {
    ...options,
    ...ends,
    database,
    component: 'relay',
    ...(audit === undefined ? {} : { audit }),
    onStart: (state) => {
      addRelayHealth(health, state, () => Promise.all([topics.ping(), database.ping()]));
    },
  });
  health.add('postgresql', () => database.ping());
  health.add('kafka', () => topics.health());
  return startHttpHost({
    module: AdminModule.register(health, metrics, [relay]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
  });
}
