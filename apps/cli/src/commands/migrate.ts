import { type Command } from 'commander';
import { migrate } from '#adapters/postgres';
import { loadSettings } from '#platform/start';
import { UsageError } from '../usage-error.js';

/** `postern migrate`: brings the schema of DATABASE_URL up to date, as the owner of the database. */
export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database of DATABASE_URL up to date; the user must own the database')
    .action(run);
}

async function run(): Promise<void> {
  const { databaseUrl } = loadSettings(process.env);
  if (databaseUrl === undefined) {
    throw new UsageError(
      'DATABASE_URL is not set (standalone migrates its own database by itself)',
    );
  }
  const done = await migrate(databaseUrl);
  console.log(done.length === 0 ? 'up to date' : `done: ${done.join(', ')}`);
}
