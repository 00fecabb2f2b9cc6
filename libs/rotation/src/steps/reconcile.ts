import { ChangeRefused } from '../credential-changer.js';
import { errorOf } from '#events';
import { newPassword } from '../password-policy.js';
import { PENDING_GONE, REFUSED, withDetail } from '../rotation-traits.js';
import { type SecretFields } from '../rotated-secrets.js';
import { type Step, type Turn } from '../turn.js';

const NO_RECONCILE = 'no-reconcile-credential';

/** OUT_OF_SYNC: neither value works. No login is tried any more; another account repairs it, or a person. */
export const leaveOutOfSync: Step = async ({ plan }) =>
  plan.changer?.reconcile === undefined
    ? { to: 'manual_required', set: { errorClass: NO_RECONCILE } }
    : { to: 'reconciling' };

/**
 * RECONCILING: the reconcile credential makes the pending value valid, whatever is valid now.
 * Probe: none is needed; it has the same effect when it is repeated.
 */
export const reconcile: Step = async (turn) => {
  const repair = turn.plan.changer?.reconcile;
  if (repair === undefined) return { to: 'manual_required', set: { errorClass: NO_RECONCILE } };
  const next = await valueToBe(turn);
  if (next === undefined) return { to: 'manual_required', set: { errorClass: PENDING_GONE } };
  const current = (await turn.currentIfThere()) ?? next;
  await turn.stillOurs();
  const failure = await repair({ current, next }).then(() => undefined, errorOf);
  if (failure === undefined) return { to: 'verifying', set: { errorClass: undefined } };
  if (!(failure instanceof ChangeRefused)) throw failure;
  return { to: 'manual_required', set: { errorClass: withDetail(REFUSED, failure.errorClass) } };
};

/** One that was made by us and has gone meanwhile can be made again; one that was handed over cannot. */
async function valueToBe(turn: Turn): Promise<SecretFields | undefined> {
  const pending = await turn.pending();
  if (pending !== undefined || turn.rotation.origin !== 'generated') return pending;
  const current = await turn.currentIfThere();
  if (current === undefined) return undefined;
  await turn.stage(turn.changer.next(current, newPassword(turn.plan.password)));
  return turn.pending();
}
