import { KafkaEventBus, kafkaOptions, KafkaTopics } from '#adapters/kafka';
import { PostgresDatabase, PostgresOutbox, requireMigrated } from '#adapters/postgres';
import {
  AdminModule,
  type AppContext,
  type HttpHost,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { RelayModule } from './relay.module.js';

/** Until a broker has to answer; after that the process ends, and says which brokers it tried. */
const START_DEADLINE_MS = 30_000;
const POOL_SIZE = 2;

interface Connections {
  readonly database: PostgresDatabase;
  readonly bus: KafkaEventBus;
  readonly topics: KafkaTopics;
}

/**
 * The relay: reads and marks the outbox, writes to Kafka, and can do nothing else.
 * @throws ConfigError, DependencyUnavailable
 */
export async function startRelay(context: AppContext): Promise<RunningApp> {
  const { databaseUrl, kafka } = requireServers(context.settings, ['databaseUrl', 'kafka']);
  const options = await kafkaOptions(kafka, {
    clientId: 'postern-relay',
    onProblem: (problem) => context.log.warn(problem),
  });
  const topics = new KafkaTopics(options);
  await topics.reach(START_DEADLINE_MS);
  await topics.check();
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-relay',
    poolSize: POOL_SIZE,
  });
  await requireMigrated(database);
  const connections = { database, topics, bus: new KafkaEventBus(options) };
  const host = await startHost(context, connections);
  return {
    serves: `admin http://${host.address.host}:${host.address.port}, Kafka ${kafka.brokers.join(',')}`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await connections.bus.close();
      await topics.close();
      await database.close();
    },
  };
}

function startHost(context: AppContext, connections: Connections): Promise<HttpHost> {
  const { health, metrics, log, clock, config } = context;
  const { database, bus, topics } = connections;
  const outbox = new PostgresOutbox(database);
  const relay = RelayModule.register({
    outbox,
    bus,
    clock,
    metrics,
    onProblem: (problem) => log.warn(problem),
    maintain: () => outbox.maintain(),
    onStart: (loop) => {
      health.add('relay', () => {
        if (loop.trouble !== undefined) throw new Error(loop.trouble);
      });
    },
  });
  health.add('postgresql', () => database.ping());
  health.add('kafka', () => topics.ping());
  return startHttpHost({
    module: AdminModule.register(health, metrics, [relay]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
  });
}
