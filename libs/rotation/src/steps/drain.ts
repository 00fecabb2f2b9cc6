import { drainPollMs } from '../backoff.js';
import { isDrained } from '../drained-verdict.js';
import { keepsFallback } from '../rotation-traits.js';
import { type Step, type Turn } from '../turn.js';
import { harms, rollingBack } from './observe.js';

/**
 * DRAINING: calls with the old version come to their end, and are cut after `drainMs`.
 * Probe: every live instance acts by the row as it is and has none open with another version.
 */
export const drain: Step = async (turn) => {
  const { rotation, plan, elapsedMs } = turn;
  const mayGoBack = keepsFallback(rotation) && rotation.trigger !== 'compromise';
  if (mayGoBack && (await harms(turn))) return rollingBack;
  if (elapsedMs < plan.drainMs && !(await drained(turn))) return turn.again(drainPollMs(elapsedMs));
  return {
    to: 'retiring',
    credential: {
      fallbackVersion: null,
      state: 'active',
      ...(rotation.fromVersion === undefined ? {} : { retiredVersion: rotation.fromVersion }),
    },
  };
};

/** `only`: of that version alone. */
export async function drained(
  { parts: { book }, rotation }: Turn,
  only?: number,
): Promise<boolean> {
  const credential = await book.find(rotation.ref);
  const instances = await book.instances(rotation.ref);
  return credential === undefined || isDrained(credential, instances, only);
}
