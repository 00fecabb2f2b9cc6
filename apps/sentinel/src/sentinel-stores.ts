import {
  type PostgresDatabase,
  PostgresDetectionStore,
  PostgresDryRun,
  PostgresDryRunRequests,
  PostgresEvidenceHistory,
  PostgresEvidenceLog,
  PostgresRuleEvaluator,
  PostgresSoleDuty,
  PostgresVaultAccessLog,
  type RulePlace,
} from '#adapters/postgres';
import {
  type DetectionStore,
  type DryRun,
  type DryRunRequests,
  type EvidenceHistory,
  type EvidenceLog,
  type RuleEvaluator,
  type SoleDuty,
  type VaultAccessLog,
} from '#detection';

/** What the sentinel keeps and asks. */
export interface SentinelStores {
  readonly log: EvidenceLog;
  readonly history: EvidenceHistory;
  readonly store: DetectionStore;
  readonly evaluator: RuleEvaluator;
  readonly accesses: VaultAccessLog;
  readonly dryRun: DryRun;
  readonly dryRunRequests: DryRunRequests;
  /** Whose turn it is to compute the rules that look at windows. */
  readonly duty: SoleDuty;
}

/** All of it in one database. */
export function sentinelStores(database: PostgresDatabase, place: RulePlace): SentinelStores {
  const evaluator = new PostgresRuleEvaluator(database, place);
  return {
    log: new PostgresEvidenceLog(database),
    history: new PostgresEvidenceHistory(database),
    store: new PostgresDetectionStore(database),
    evaluator,
    accesses: new PostgresVaultAccessLog(database),
    dryRun: new PostgresDryRun(database, evaluator),
    dryRunRequests: new PostgresDryRunRequests(database),
    duty: new PostgresSoleDuty(database, 'postern-sentinel-rules'),
  };
}
