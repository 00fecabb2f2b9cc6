import { type Logger } from 'typeorm';

/** TypeORM prints failed migrations to the terminal even with logging off. What fails is thrown, and told once. */
export const SILENT: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};
