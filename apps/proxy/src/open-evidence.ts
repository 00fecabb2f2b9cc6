import { OutboxWatch, type PostgresDatabase, PostgresOutboxGauge } from '#adapters/postgres';
import { EvidenceBudget } from '#events';
import { BudgetedCallLedger, type CallLedger } from '#injection';
import { type AppContext } from '#platform';

/** A ledger that begins no call whose evidence cannot be kept, and what keeps asking whether it can. */
export interface OpenEvidence {
  readonly ledger: CallLedger;
  readonly outboxWatch: OutboxWatch;
}

/** Measures the outbox from now on, about once a second. @throws DependencyUnavailable when it cannot at first */
export async function openEvidence(
  { config, clock, log, health, metrics }: AppContext,
  database: PostgresDatabase,
  ledger: CallLedger,
): Promise<OpenEvidence> {
  const budget = new EvidenceBudget({ clock, ...config.evidence });
  const outboxWatch = await OutboxWatch.start({
    gauge: new PostgresOutboxGauge(database),
    budget,
    onProblem: (message, err) => log.warn({ err }, message),
  });
  // Ready all the same: what is refused here is refused by every other process.
  health.add('evidence', () => budget.trouble);
  metrics.gaugeOf(
    'evidence_budget_used_ratio',
    'Bytes of events that wait in the outbox, as a share of evidence.outboxBudget',
    () => budget.used,
  );
  return { ledger: new BudgetedCallLedger({ ledger, budget }), outboxWatch };
}
