import { type Move } from '../move.js';
import { keepsFallback } from '../rotation-traits.js';
import { mustRollBack, recentCalls } from '../rollback-verdict.js';
import { stagedAs, type Step, type Turn } from '../turn.js';

const OBSERVE_POLL_MS = 1_000;

/**
 * PROMOTED: the way back is open for a while. A compromised value is not gone back to.
 * Act: the pending copy of what is the current version now is removed.
 */
export const observe: Step = async (turn) => {
  const { rotation, plan } = turn;
  const observes = keepsFallback(rotation) && rotation.trigger !== 'compromise';
  if (observes && (await harms(turn))) return rollingBack;
  if (observes && turn.elapsedMs < plan.observeMs) {
    return turn.again(Math.min(OBSERVE_POLL_MS, plan.observeMs - turn.elapsedMs));
  }
  // Tried again at the end; and it goes away by itself.
  await discardAll(turn).catch(() => undefined);
  return { to: 'draining' };
};

export const rollingBack: Move = { to: 'rolling_back', set: { errorClass: 'refused-in-use' } };

/** Calls are refused with the new version that work with the old one. */
export async function harms({ parts: { book }, rotation }: Turn): Promise<boolean> {
  const { ref, toVersion = 0 } = rotation;
  const tally = await book.refusals(ref, toVersion);
  if (tally.fallbackWorked === 0) return false;
  return mustRollBack(tally, recentCalls(await book.instances(ref), toVersion));
}

/** Every pending value that the rotation has had. */
export async function discardAll({ parts: { secrets }, rotation }: Turn): Promise<void> {
  const { ref, id } = rotation;
  for (let values = 1; values <= rotation.values; values += 1) {
    await secrets.discard(ref, stagedAs({ id, values }));
  }
}
