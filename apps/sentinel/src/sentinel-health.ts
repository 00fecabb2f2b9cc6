import { type SubscriptionProgress } from '#events';
import { type HealthRegistry } from '#platform';

/** How the sentinel is, for health checks. */
export interface SentinelState {
  /** Why nothing is read any more. */
  readonly failure: Error | undefined;
  readonly progress: SubscriptionProgress;
  /** What an operator should look at; undefined: at nothing. */
  readonly note: string | undefined;
}

/** Longer than any batch takes. */
const NOT_READY_AFTER_MS = 30_000;
/** Only another start may help. */
const STUCK_AFTER_MS = 60_000;

/**
 * Readiness and liveness of a sentinel, both from what it reads. `ping` rejects when bus or database cannot be reached:
 * then a new start would find the same.
 */
export function addSentinelHealth(
  health: HealthRegistry,
  state: SentinelState,
  ping: () => Promise<unknown>,
): void {
  health.add('sentinel', () => {
    const { failure, progress, note } = state;
    if (failure !== undefined) throw failure;
    if (progress.idleMs > NOT_READY_AFTER_MS) throw new Error(noProgress(progress));
    return noteOf(progress, note);
  });
  health.addLife('sentinel', async () => {
    const { failure, progress } = state;
    if (failure !== undefined) throw failure;
    if (progress.idleMs <= STUCK_AFTER_MS) return;
    const answers = await ping().then(
      () => true,
      () => false,
    );
    if (answers) throw new Error(noProgress(progress));
  });
}

function noteOf(
  { blocked: [first] }: SubscriptionProgress,
  note: string | undefined,
): string | undefined {
  if (first === undefined) return note;
  const { topic, partition, offset } = first.place;
  return `${topic}/${partition} stands still at ${offset}: ${first.reason}`;
}

const noProgress = ({ idleMs }: SubscriptionProgress): string =>
  `evidence: no progress for ${Math.round(idleMs / 1_000)} s`;
