import { type Move } from '../move.js';
import { newPassword } from '../password-policy.js';
import {
  changesTarget,
  CURRENT_GONE,
  holdsCalls,
  MOVED,
  OVERDUE,
  PENDING_GONE,
} from '../rotation-traits.js';
import { LoginBudgetSpent, type Step, type Turn } from '../turn.js';

/** Failing logins that must be left before calls are held back: a crash in mid-change may take as many to see clear. */
const LOGINS_IN_HAND = 2;
/** One more where the change is a login of the account itself: of whoever dies in it, it counts as one that failed. */
const LOGINS_IN_HAND_OF_ITSELF = 3;

/**
 * STAGED: nothing is changed yet.
 * Probe: the pending value is there. Act: where it is the second one of a rotation, it is made and staged.
 */
export const prepare: Step = async (turn) => {
  const { rotation } = turn;
  if (turn.isOverdue) return { to: 'abandoned', set: { errorClass: OVERDUE } };
  // The value of an administrator goes before ours, as long as ours is nowhere in use.
  if ((await turn.newest()) > (rotation.fromVersion ?? 0)) {
    return { to: 'abandoned', set: { errorClass: MOVED } };
  }
  if ((await turn.currentIfThere()) === undefined) {
    return { to: 'abandoned', set: { errorClass: CURRENT_GONE } };
  }
  if (!(await isStaged(turn))) return { to: 'abandoned', set: { errorClass: PENDING_GONE } };
  if (!changesTarget(rotation)) return { to: 'verifying' };
  await loginsInHand(turn);
  return holdsCalls(rotation) ? quiescing(turn) : applying;
};

const applying: Move = { to: 'applying', credential: { state: 'rotating' } };

/** The times that no quiet came are counted on. */
const quiescing = ({ rotation }: Turn): Move => ({
  to: 'quiescing',
  set: { waits: rotation.waits },
  credential: { gate: 'quiescing', state: 'rotating' },
});

async function isStaged(turn: Turn): Promise<boolean> {
  if ((await turn.pending()) !== undefined) return true;
  if (turn.rotation.origin !== 'generated') return false;
  await turn.stage(turn.changer.next(await turn.current(), newPassword(turn.plan.password)));
  return true;
}

/** @throws LoginBudgetSpent when fewer are left */
async function loginsInHand(turn: Turn): Promise<void> {
  const { parts, plan, changer, rotation } = turn;
  const { budget } = parts;
  const { ref } = rotation;
  const { failuresMax, perSeconds } = plan.allowance;
  const inHand = changer.logsInAsAccount ? LOGINS_IN_HAND_OF_ITSELF : LOGINS_IN_HAND;
  const most = Math.max(1, failuresMax - inHand + 1);
  const reservation = await budget.reserve(ref, { failuresMax: most, perSeconds });
  if (reservation.kind === 'spent') throw new LoginBudgetSpent(reservation.until);
  await budget.settle(ref, reservation.id, 'unreachable'); // Given back: nothing was tried.
}
