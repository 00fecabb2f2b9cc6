import { type DataSource } from 'typeorm';
import { MIGRATIONS, MIGRATIONS_TABLE } from '#migrations';
import { DependencyUnavailable } from '#kernel';
import { codeOf, failureOf } from './postgres-failure.js';
import { locationOf, locationText } from './postgres-location.js';
import { type PostgresDatabase } from './postgres-database.js';
import { SILENT } from './silent-logger.js';

const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MS = 120_000;
/** Advisory lock of whoever migrates: two starters at once take turns. The first number spells "post". */
const MIGRATION_LOCK = '1886352244, 100';
const MIGRATION_NAMES = MIGRATIONS.map((migration) => new migration().name);

/**
 * Brings the schema up to date, as the owner of the database; resolves to the names of the migrations that ran now,
 * none when nothing was to do. All run in one transaction. Several at once take turns.
 * @throws DependencyUnavailable when the server cannot be reached, another starter does not finish within two minutes,
 *   or the user lacks a right (the message says which and what to do).
 */
export async function migrate(url: string): Promise<readonly string[]> {
  const location = locationOf(url);
  const typeorm = await import('typeorm'); // Most processes may not migrate, and do without it.
  const dataSource = new typeorm.DataSource({
    type: 'postgres',
    url,
    applicationName: 'postern-migrate',
    poolSize: 2, // One connection holds the lock, the other migrates.
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra: { keepAlive: true, options: `-c lock_timeout=${LOCK_TIMEOUT_MS} -c search_path=public` },
    migrations: [...MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'all',
    installExtensions: false,
    logger: SILENT,
    poolErrorHandler: () => undefined,
  });
  try {
    await dataSource.initialize();
    return await underLock(dataSource);
  } catch (error) {
    const failure = failureOf(error, location);
    if (failure instanceof DependencyUnavailable) throw failure;
    throw new DependencyUnavailable(
      'postgresql',
      `the schema at ${locationText(location)} could not be brought up to date: ${adviceFor(error)}`,
      { cause: error },
    );
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

async function underLock(dataSource: DataSource): Promise<readonly string[]> {
  const holder = dataSource.createQueryRunner();
  try {
    await holder.query(`select pg_advisory_lock(${MIGRATION_LOCK})`);
    const done = await dataSource.runMigrations();
    await holder.query(`select pg_advisory_unlock(${MIGRATION_LOCK})`);
    return done.map(({ name }) => name);
  } finally {
    await holder.release();
  }
}

function adviceFor(error: unknown): string {
  const message = error instanceof Error ? error.message : 'unknown failure';
  return codeOf(error) === '42501'
    ? `${message}: DATABASE_URL must name the owner of the database for this step`
    : message;
}

/**
 * For a process that may not migrate.
 * @throws DependencyUnavailable when a migration that this version needs has not run.
 */
export async function requireMigrated(database: PostgresDatabase): Promise<void> {
  const rows = await database
    .query<{ name: string }>(`select name from public.${MIGRATIONS_TABLE}`)
    .catch((error: unknown) => {
      if (codeOf(error) === '42P01') return []; // undefined_table
      throw error;
    });
  const done = new Set(rows.map(({ name }) => name));
  const missing = MIGRATION_NAMES.filter((name) => !done.has(name));
  if (missing.length === 0) return;
  throw new DependencyUnavailable(
    'postgresql',
    `the schema at ${locationText(database.location)} lacks ${missing.join(', ')}: ` +
      'run the migrations as the owner of the database',
  );
}
