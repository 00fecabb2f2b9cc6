import { join } from 'node:path';
import {
  EmbeddedDeadLetters,
  EmbeddedEventBus,
  EmbeddedPostgres,
  SealedSecretStore,
} from '#adapters/embedded';
import { migrate, PostgresDatabase } from '#adapters/postgres';
import { type CandidateFeed, type DeadLetters, type EventBus, type LineFeed } from '#events';
import { type AppContext, ConfigError } from '#platform';
import { type RotatorSecrets } from '../../rotator/src/rotator.module.js';

/** The servers that standalone works with: those that the environment names, or embedded ones. */
export interface Servers extends RotatorSecrets {
  readonly database: PostgresDatabase;
  /** For the re-check of calls and the census alone: they must not wait for a connection behind calls that begin. */
  readonly recheckDatabase: PostgresDatabase;
  readonly bus: EventBus;
  /** Of what is read from the bus. */
  readonly deadLetters: DeadLetters;
  /** Where a stream processor tells what it found; undefined: there is none. */
  readonly candidates: CandidateFeed | undefined;
  /** Where lines of other programs come in; undefined: there is no Kafka. */
  readonly lines: LineFeed | undefined;
  /** The database is the embedded one: no other process works on it. */
  readonly isOurs: boolean;
  /** For the line that says what is used. */
  readonly summary: string;
  close(): Promise<void>;
}

const POOL_SIZE = 12;
/** Of each one question after the other, and another one beside one that hangs. */
const RECHECK_CONNECTIONS = 4;
const KAFKA_START_DEADLINE_MS = 30_000;

/** @throws ConfigError, DependencyUnavailable, and what the stores refuse to start with */
export async function openServers(context: AppContext): Promise<Servers> {
  const { settings, log } = context;
  refuseWrapping(context);
  refuseCandidates(context);
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
    const databases = await openDatabases(url, closers);
    const secrets = await openSecrets(context, databases.database, closers);
    const events = await openEvents(context, databases.database, closers);
    const isOurs = embedded !== undefined;
    return { ...databases, ...events, ...secrets, isOurs, summary: summaryOf(context), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openDatabases(
  url: string,
  closers: (() => Promise<void>)[],
): Promise<Pick<Servers, 'database' | 'recheckDatabase'>> {
  const connect = async (applicationName: string, poolSize: number): Promise<PostgresDatabase> => {
    const database = await PostgresDatabase.connect({ url, applicationName, poolSize });
    closers.push(() => database.close());
    return database;
  };
  return {
    database: await connect('postern-standalone', POOL_SIZE),
    recheckDatabase: await connect('postern-standalone-recheck', RECHECK_CONNECTIONS),
  };
}

/** Wrapping tokens are Vault's: the sealed store could neither look one up nor open it. @throws ConfigError */
function refuseWrapping({ config, settings }: AppContext): void {
  if (settings.vault !== undefined) return;
  const problems = config.resources.flatMap(({ id, rotation }) =>
    rotation?.wrapped === undefined
      ? []
      : [
          {
            where: config.file,
            path: `resources ${JSON.stringify(id)}.rotation.wrapped`,
            what: 'wrapping tokens are those of Vault: set VAULT_ADDR, or remove it; the sealed store has none',
          },
        ],
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A stream processor reads and writes Kafka. @throws ConfigError */
function refuseCandidates({ config, settings }: AppContext): void {
  if (settings.kafka !== undefined || config.detection.streamRules === 'postgres') return;
  const what = 'candidates come from a stream processor by Kafka: set KAFKA_BROKERS, or postgres';
  throw new ConfigError([{ where: config.file, path: 'detection.streamRules', what }]);
}

async function openSecrets(
  context: AppContext,
  database: PostgresDatabase,
  closers: (() => Promise<void>)[],
): Promise<RotatorSecrets> {
  const { vault, sealKeyFile } = context.settings;
  if (vault !== undefined) {
    // A client that is not used is not loaded: it is not small.
    const { openVault } = await import('../../rotator/src/rotator-vault.module.js');
    const store = openVault(context, vault);
    const { secrets, values } = store;
    closers.push(() => store.close());
    await secrets.requireReady();
    context.health.add('vault', () => secrets.requireReady());
    return { secrets, values, wraps: store.wraps(database) };
  }
  const secrets = await SealedSecretStore.open({ database, keyFile: sealKeyFile });
  return { secrets, values: secrets.rotated(), wraps: undefined };
}

async function openEvents(
  { config, settings, log, health }: AppContext,
  database: PostgresDatabase,
  closers: (() => Promise<void>)[],
): Promise<Pick<Servers, 'bus' | 'deadLetters' | 'candidates' | 'lines'>> {
  if (settings.kafka === undefined) {
    const bus = new EmbeddedEventBus(database);
    closers.push(() => bus.close());
    const none = { candidates: undefined, lines: undefined };
    return { bus, deadLetters: new EmbeddedDeadLetters(database), ...none };
  }
  const kafka = await import('#adapters/kafka'); // As Vault's client.
  const options = await kafka.kafkaOptions(settings.kafka, {
    clientId: 'postern-standalone',
    onProblem: (message) => log.warn(message),
  });
  const topics = new kafka.KafkaTopics(options);
  closers.push(() => topics.close());
  await topics.reach(KAFKA_START_DEADLINE_MS);
  for (const warning of await topics.check()) log.warn(warning);
  // Degraded and no more: exchanges and calls go on without Kafka, and the outbox keeps what it is to be told.
  health.add('kafka', () => topics.health().catch(reasonOf));
  const bus = new kafka.KafkaEventBus(options);
  const deadLetters = new kafka.KafkaDeadLetters(options);
  const candidates =
    config.detection.streamRules === 'candidates'
      ? new kafka.KafkaCandidateFeed(options)
      : undefined;
  const lines = new kafka.KafkaLineFeed(options);
  closers.push(
    () => deadLetters.close(),
    () => bus.close(),
    () => lines.close(),
    () => candidates?.close() ?? Promise.resolve(),
  );
  return { bus, deadLetters, candidates, lines };
}

function summaryOf({ settings }: AppContext): string {
  const { databaseUrl, vault, kafka } = settings;
  return [
    databaseUrl === undefined ? 'embedded PostgreSQL' : 'PostgreSQL of DATABASE_URL',
    vault === undefined ? 'sealed store' : `Vault ${vault.address}`,
    kafka === undefined ? 'embedded bus' : `Kafka ${kafka.brokers.join(',')}`,
  ].join(', ');
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : 'unknown failure';
