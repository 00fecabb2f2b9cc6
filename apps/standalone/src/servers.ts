import { join } from 'node:path';
import { EmbeddedEventBus, EmbeddedPostgres, SealedSecretStore } from '#adapters/embedded';
import { migrate, PostgresDatabase } from '#adapters/postgres';
import { type SecretStore } from '#credentials';
import { type EventBus } from '#events';
import { type AppContext } from '#platform';

/** The servers that standalone works with: those that the environment names, or embedded ones. */
export interface Servers {
  readonly database: PostgresDatabase;
  readonly secrets: SecretStore;
  readonly bus: EventBus;
  /** The database is the embedded one: no other process works on it. */
  readonly isOurs: boolean;
  /** For the line that says what is used. */
  readonly summary: string;
  close(): Promise<void>;
}

const POOL_SIZE = 12;
const KAFKA_START_DEADLINE_MS = 30_000;

/** @throws DependencyUnavailable, and what the stores refuse to start with */
export async function openServers(context: AppContext): Promise<Servers> {
  const { settings, log } = context;
  const embedded =
    settings.databaseUrl === undefined
      ? await EmbeddedPostgres.start({
          folder: join(settings.dataFolder, 'postgres'),
          onProgress: (message) => log.info(message),
        })
      : undefined;
  const closers: (() => Promise<void>)[] = [];
  if (embedded !== undefined) closers.push(() => embedded.stop());
  const close = async (): Promise<void> => {
    for (const one of closers.reverse()) await one();
  };
  try {
    const url = settings.databaseUrl ?? embedded?.url ?? '';
    const done = await migrate(url);
    if (done.length > 0) log.info({ migrations: done }, 'the database is up to date');
    const database = await PostgresDatabase.connect({
      url,
      applicationName: 'postern-standalone',
      poolSize: POOL_SIZE,
    });
    closers.push(() => database.close());
    const secrets = await openSecrets(context, database, closers);
    const bus = await openBus(context, database);
    closers.push(() => bus.close());
    const isOurs = embedded !== undefined;
    return { database, secrets, bus, isOurs, summary: summaryOf(context), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openSecrets(
  { settings, clock, log, health }: AppContext,
  database: PostgresDatabase,
  closers: (() => Promise<void>)[],
): Promise<SecretStore> {
  const { vault, sealKeyFile } = settings;
  if (vault === undefined) return SealedSecretStore.open({ database, keyFile: sealKeyFile });
  const { VaultSecretStore } = await import('#adapters/vault'); // A client that is not used is not loaded: it is not small.
  const store = new VaultSecretStore({
    settings: vault,
    clock,
    onProblem: (message) => log.warn(message),
  });
  closers.push(async () => store.close());
  await store.requireReady();
  health.add('vault', () => store.requireReady());
  return store;
}

async function openBus(
  { settings, log }: AppContext,
  database: PostgresDatabase,
): Promise<EventBus> {
  if (settings.kafka === undefined) return new EmbeddedEventBus(database);
  const { KafkaEventBus, kafkaOptions, KafkaTopics } = await import('#adapters/kafka'); // As with Vault's.
  const options = await kafkaOptions(settings.kafka, {
    clientId: 'postern-standalone',
    onProblem: (message) => log.warn(message),
  });
  const topics = new KafkaTopics(options);
  await topics.reach(KAFKA_START_DEADLINE_MS);
  await topics.check();
  await topics.close();
  return new KafkaEventBus(options);
}

function summaryOf({ settings }: AppContext): string {
  const { databaseUrl, vault, kafka } = settings;
  return [
    databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL of DATABASE_URL',
    vault === undefined ? 'sealed store' : `Vault ${vault.address}`,
    kafka === undefined ? 'embedded bus' : `Kafka ${kafka.brokers.join(',')}`,
  ].join(', ');
}
