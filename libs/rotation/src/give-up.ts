import { type RotationState } from '#events';
import { type Move } from './move.js';
import { changesTarget, OVERDUE, withDetail } from './rotation-traits.js';
import { type Rotation } from './rotation.js';

/** After the change of version the old value has to be ended, however late it is; but not for ever. */
export const FINISH_MS_MAX = 10 * 60_000;

/** From then on a step that cannot go on is given up. What can go on goes on, however late it is. */
export function giveUpAt({ state, deadlineAt, stateSince }: Rotation): Date {
  const finishBy = stateSince.getTime() + FINISH_MS_MAX;
  return FINISHING.has(state) ? new Date(Math.max(deadlineAt.getTime(), finishBy)) : deadlineAt;
}

const FINISHING: ReadonlySet<RotationState> = new Set(['retiring', 'rolling_back', 'reconciling']);

/**
 * How a rotation ends that cannot go on in its state: thrown away where nothing can have been changed at the legacy system,
 * in the hands of an administrator where it can. Undefined: it goes on for as long as it takes.
 */
export function giveUp(rotation: Rotation, why: string): Move | undefined {
  const to = endOf(rotation);
  if (to === undefined) return undefined;
  const set = { errorClass: withDetail(OVERDUE, why) };
  // A value of an administrator that never worked: he has to know.
  const isUnverified = rotation.state === 'verifying' && to === 'abandoned';
  return isUnverified ? { to, set, severity: 'ERROR' } : { to, set };
}

/** Of states that a rotation does not leave for want of time there is none. */
const ENDS: Partial<Record<RotationState, RotationState>> = {
  requested: 'abandoned',
  intake: 'abandoned',
  staged: 'abandoned',
  quiescing: 'abandoned',
  applying: 'recovering', // Whose end is an administrator, unless it can find out.
  verifying: 'manual_required',
  promoting: 'manual_required',
  recovering: 'manual_required',
  out_of_sync: 'manual_required',
  reconciling: 'manual_required',
  retiring: 'manual_required',
  rolling_back: 'manual_required',
};

function endOf(rotation: Rotation): RotationState | undefined {
  const { state, wrap } = rotation;
  if (state === 'intake' && wrap?.unwrapStartedAt !== undefined) return 'wrap_lost';
  const mayBeChanged = changesTarget(rotation);
  if (!mayBeChanged && (state === 'verifying' || state === 'promoting')) return 'abandoned';
  return ENDS[state];
}
