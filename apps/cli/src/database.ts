import { join } from 'node:path';
import { EmbeddedPostgres } from '#adapters/embedded';
import { migrate, PostgresDatabase } from '#adapters/postgres';
import { type Settings } from '#platform/start';

/**
 * Runs `work` with the database of DATABASE_URL, or with standalone's own: joined when standalone runs, started for the
 * moment when it does not.
 */
export async function withDatabase<T>(
  settings: Settings,
  work: (database: PostgresDatabase) => Promise<T>,
): Promise<T> {
  const embedded =
    settings.databaseUrl === undefined
      ? await EmbeddedPostgres.start({
          folder: join(settings.dataFolder, 'postgres'),
          adopt: true,
          onProgress: (message) => process.stderr.write(`${message}\n`),
        })
      : undefined;
  const url = settings.databaseUrl ?? embedded?.url ?? '';
  try {
    if (embedded !== undefined) await migrate(url);
    const database = await PostgresDatabase.connect({
      url,
      applicationName: 'postern-cli',
      poolSize: 2,
    });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } finally {
    await embedded?.stop();
  }
}
