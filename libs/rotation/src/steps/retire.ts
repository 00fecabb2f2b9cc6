import { INSTANCE_GONE_MS } from '#credentials';
import { drainPollMs } from '../backoff.js';
import { keepsFallback } from '../rotation-traits.js';
import { RotationTermsUnfit, type Step, type Turn } from '../turn.js';
import { drained } from './drain.js';

/** By then every instance has cut what was left, or is gone. */
const CUT_MS_MAX = 2 * INSTANCE_GONE_MS;

/**
 * RETIRING: no call goes back to the old version any more; then it ends at the legacy system, where there are two values,
 * and later in the store.
 * Probe: none; retiring again has no effect. A login that must fail would cost the budget of those that may.
 */
export const retire: Step = async (turn) => {
  const { rotation, plan, elapsedMs } = turn;
  if (elapsedMs < CUT_MS_MAX && !(await drained(turn))) return turn.again(drainPollMs(elapsedMs));
  if (keepsFallback(rotation)) await retireOld(turn);
  const { fromVersion, origin, trigger } = rotation;
  // What administrators write they keep for as long as they like.
  const isOurs = fromVersion !== undefined && origin !== 'vault';
  const at = turn.after(trigger === 'compromise' ? 0 : plan.keepMs);
  return {
    to: 'done',
    set: { errorClass: undefined },
    ...(isOurs ? { credential: { destroyLater: { version: fromVersion, at } } } : {}),
  };
};

async function retireOld(turn: Turn): Promise<void> {
  const { toVersion = 0 } = turn.rotation;
  const [old, current] = await Promise.all([turn.currentIfThere(), turn.version(toVersion)]);
  if (old === undefined || current === undefined) {
    throw new RotationTermsUnfit(
      'a version that takes part is gone from the secret store: the old value can only be ended by hand',
    );
  }
  await turn.stillOurs();
  await turn.changer.retire({ old, current });
}
