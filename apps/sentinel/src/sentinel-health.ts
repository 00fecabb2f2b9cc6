import { checkProgress, SUBSCRIPTION_IDLE_MAX_MS, type SubscriptionProgress } from '#events';
import { type HealthRegistry, throwUnlessAway } from '#platform';

/** How the sentinel is, for health checks. */
export interface SentinelState {
  /** Why nothing is read any more. */
  readonly failure: Error | undefined;
  readonly progress: SubscriptionProgress;
  /** Of the candidates of a stream processor; undefined: none are read. */
  readonly candidateProgress: SubscriptionProgress | undefined;
  /** What an operator should look at; undefined: at nothing. */
  readonly note: string | undefined;
}

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
    if (state.failure !== undefined) throw state.failure;
    return checkProgress(state.progress) ?? state.note;
  });
  if (state.candidateProgress !== undefined) {
    health.add('candidates', () => noteOfCandidates(state.candidateProgress));
  }
  health.addLife('sentinel', async () => {
    if (state.failure !== undefined) throw state.failure;
    for (const progress of [state.progress, state.candidateProgress]) {
      if (progress === undefined || progress.idleMs <= SUBSCRIPTION_IDLE_MAX_MS) continue;
      await throwUnlessAway(standstillOf(progress), ping);
    }
  });
}

/** A candidate that waits for evidence is no standstill of ours: whoever writes candidates could make us say so. */
function noteOfCandidates(progress: SubscriptionProgress | undefined): string | undefined {
  if (progress === undefined) return undefined;
  const note = checkProgress({ ...progress, blocked: [] });
  const [first] = progress.blocked;
  return first === undefined ? note : `${first.place.topic}: ${first.reason}`;
}

const standstillOf = ({ idleMs }: SubscriptionProgress): Error =>
  new Error(`no progress for ${Math.floor(idleMs / 1_000)} s`);
