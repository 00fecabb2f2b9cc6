export {
  type PostgresConnection,
  type PostgresSession,
  type StatementOptions,
} from './postgres-connection.js';
export { type PostgresConnectOptions, PostgresDatabase } from './postgres-database.js';
export { migrate, requireMigrated } from './migrate.js';
export { PostgresEventJournal } from './postgres-event-journal.js';
export { PostgresHandleStore } from './postgres-handle-store.js';
export { PostgresSubjectTokenUses } from './postgres-subject-token-uses.js';
export { type CallLedgerOptions, PostgresCallLedger } from './postgres-call-ledger.js';
export { PostgresOutbox } from './postgres-outbox.js';
