import {
  type PostgresDatabase,
  PostgresDetectionStore,
  PostgresDryRun,
  PostgresDryRunRequests,
  PostgresEvidenceHistory,
  PostgresEvidenceLog,
  PostgresRuleEvaluator,
  PostgresSoleDuty,
} from '#adapters/postgres';
import {
  type DetectionStore,
  type EvidenceHistory,
  type EvidenceLog,
  type RuleEvaluator,
} from '#detection';

/** What the sentinel keeps and asks. */
export interface SentinelStores {
  readonly log: EvidenceLog;
  readonly history: EvidenceHistory;
  readonly store: DetectionStore;
  readonly evaluator: RuleEvaluator;
  readonly dryRun: PostgresDryRun;
  readonly dryRunRequests: PostgresDryRunRequests;
  /** Whose turn it is to compute the rules that look at windows. */
  readonly duty: PostgresSoleDuty;
}

/** All of it in one database. */
export function sentinelStores(database: PostgresDatabase): SentinelStores {
  const evaluator = new PostgresRuleEvaluator(database);
  return {
    log: new PostgresEvidenceLog(database),
    history: new PostgresEvidenceHistory(database),
    store: new PostgresDetectionStore(database),
    evaluator,
    dryRun: new PostgresDryRun(database, evaluator),
    dryRunRequests: new PostgresDryRunRequests(database),
    duty: new PostgresSoleDuty(database, 'postern-sentinel-rules'),
  };
}
