import { type HealthRegistry, throwUnlessAway } from '#platform';
import { type RelayState } from './relay.module.js';

/** A turn that takes longer has met a broker that takes records and does not answer. */
const NOT_READY_AFTER_SECONDS = 30;
/** Nothing got through for so long although there is something, and the broker answers: only another start may help. */
const STUCK_AFTER_SECONDS = 60;

/**
 * Readiness and liveness of a relay, both from what it gets done. `ping` rejects when the bus or the database cannot be
 * reached.
 */
export function addRelayHealth(
  health: HealthRegistry,
  state: RelayState,
  ping: () => Promise<unknown>,
): void {
  health.add('relay', () => {
    const { trouble, stalledSeconds, note } = state;
    if (trouble !== undefined) throw new Error(trouble);
    if (stalledSeconds > NOT_READY_AFTER_SECONDS) throw new Error(noProgress(state));
    return note;
  });
  health.addLife('relay', async () => {
    const { stalledSeconds, waiting } = state;
    if (stalledSeconds <= STUCK_AFTER_SECONDS || waiting === 0) return;
    await throwUnlessAway(new Error(noProgress(state)), ping);
  });
}

const noProgress = ({ stalledSeconds }: RelayState): string =>
  `no progress for ${Math.round(stalledSeconds)} s`;
