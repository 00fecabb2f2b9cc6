import { EvidenceBudget } from '#events';
import { type Clock } from '#kernel';
import { OutboxWatch } from './outbox-watch.js';
import { type PostgresDatabase } from './postgres-database.js';
import { PostgresOutboxGauge } from './postgres-outbox-gauge.js';

/** What a process gives: its clock and settings, and where it says how it is. */
export interface EvidenceSurroundings {
  readonly clock: Clock;
  readonly config: {
    readonly evidence: Omit<ConstructorParameters<typeof EvidenceBudget>[0], 'clock'>;
  };
  readonly log: { warn(details: object, message: string): void };
  readonly health: { add(name: string, check: () => string | undefined): void };
  readonly metrics: { gaugeOf(name: string, help: string, read: () => number): void };
}

/** Whether evidence can be kept, and what keeps asking. */
export interface OpenEvidence {
  readonly evidence: EvidenceBudget;
  readonly outboxWatch: OutboxWatch;
}

/** Measures the outbox from now on, about once a second. @throws DependencyUnavailable when it cannot at first */
export async function openEvidence(
  { config, clock, log, health, metrics }: EvidenceSurroundings,
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
