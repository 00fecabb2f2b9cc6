export {
  type PostgresConnection,
  type PostgresSession,
  type StatementOptions,
} from './postgres-connection.js';
export { type PostgresConnectOptions, PostgresDatabase } from './postgres-database.js';
export { migrate, requireMigrated } from './migrate.js';
export { openProofs, type Proofs } from './open-proofs.js';
export { PostgresCanaryStore, PostgresLiveCanaries } from './postgres-planted-canaries.js';
export { PostgresEventJournal } from './postgres-event-journal.js';
export { PostgresHandleStore } from './postgres-handle-store.js';
export { PostgresProofUses } from './postgres-proof-uses.js';
export { PostgresSharedKeys } from './postgres-shared-keys.js';
export { PostgresSubjectTokenUses } from './postgres-subject-token-uses.js';
export { type CallLedgerOptions, PostgresCallLedger } from './postgres-call-ledger.js';
export { PostgresInbox } from './postgres-inbox.js';
export { PostgresOutbox } from './postgres-outbox.js';
export { PostgresOutboxGauge } from './postgres-outbox-gauge.js';
export { OutboxWatch, type OutboxWatchParts } from './outbox-watch.js';
export { type OpenEvidence, openEvidence } from './open-evidence.js';
export { PostgresCanaries, type PostgresCanariesParts } from './postgres-canaries.js';
export { PostgresHandleExpiry } from './postgres-handle-expiry.js';
export { type LeaseOptions } from './shard-leases.js';
export { PostgresEvidence } from './postgres-evidence.js';
export {
  PostgresRestrictedExchanges,
  PostgresRestrictionStore,
  PostgresStandingRestrictions,
} from './postgres-restrictions.js';
export { PostgresReviewNotices } from './postgres-review-notices.js';
export { type OrderStores, orderStores } from './order-stores.js';
export { PostgresCredentialBook } from './postgres-credential-book.js';
export { PostgresCredentialCensus } from './postgres-credential-census.js';
export { PostgresIntakeKeys } from './postgres-intake-keys.js';
export { PostgresLoginBudget } from './postgres-login-budget.js';
export { PostgresRotationStore } from './postgres-rotation-store.js';
export { PostgresRotationUpkeep } from './postgres-rotation-upkeep.js';
export { PostgresAuditLog } from './postgres-audit-log.js';
export { PostgresDryRunRequests } from './postgres-dry-run-requests.js';
export { PostgresResponseRecords } from './postgres-response-records.js';
export { PostgresSoleDuty } from './postgres-sole-duty.js';
export { PostgresUsualExchanges } from './postgres-usual-exchanges.js';
export { PostgresDetectionStore } from './postgres-detection-store.js';
export { PostgresEvidenceHistory } from './postgres-evidence-history.js';
export { PostgresEvidenceLog } from './postgres-evidence-log.js';
export { PostgresResponseOrders } from './postgres-response-orders.js';
export { PostgresVaultAccessLog } from './postgres-vault-access-log.js';
export { PostgresRuleEvaluator } from './postgres-rule-evaluator.js';
export { PostgresDryRun } from './postgres-dry-run.js';
export { STREAM_RULES, type StreamRule } from './rules/index.js';
export { type RulePlace, rulePlaceOf } from './rules/rule-place.js';
export { flinkRules } from './rules/flink-sql.js';
export {
  joinedRule,
  type OwnThresholds,
  streamingRules,
  unboundRule,
  viewNameOf,
} from './rules/streaming-sql.js';
