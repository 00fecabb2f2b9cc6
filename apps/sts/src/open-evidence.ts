import { OutboxWatch, type PostgresDatabase, PostgresOutboxGauge } from '#adapters/postgres';
import { EvidenceBudget } from '#events';
import { type AppContext } from '#platform';

/** Whether evidence can be kept, and what keeps asking. */
export interface OpenEvidence {
  readonly evidence: EvidenceBudget;
  readonly outboxWatch: OutboxWatch;
}

/** Measures the outbox from now on, about once a second. @throws DependencyUnavailable when it cannot at first */
export async function openEvidence(
  { config, clock, log, health, metrics }: AppContext,
  database: PostgresDatabase,
): Promise<OpenEvidence> {
  const evidence = new EvidenceBudget({ clock, ...config.evidence });
  const outboxWatch = await OutboxWatch.start({
    gauge: new PostgresOutboxGauge(database),
    budget: evidence,
    onProblem: (message, err) => log.warn({ err }, message),
  });
  // Ready all the same: who is refused here is refused by every other process, and revocations go on.
  health.add('evidence', () => evidence.trouble);
  metrics.gaugeOf(
    'evidence_budget_used_ratio',
    'Bytes of events that wait in the outbox, as a share of evidence.outboxBudget',
    () => evidence.used,
  );
  return { evidence, outboxWatch };
}
