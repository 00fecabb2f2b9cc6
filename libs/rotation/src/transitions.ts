import { type RotationState } from '#events';

/**
 * Every legal transition, and no other: a store refuses what is not here. A state that is its own follower may be
 * committed again, such as to wait; that leaves no event.
 */
export const TRANSITIONS: Readonly<Record<RotationState, readonly RotationState[]>> = {
  requested: ['requested', 'intake', 'staged', 'verifying', 'abandoned', 'manual_required'],
  intake: ['intake', 'staged', 'wrap_suspect', 'wrap_lost', 'abandoned'],
  staged: ['staged', 'quiescing', 'applying', 'verifying', 'recovering', 'abandoned'],
  quiescing: ['quiescing', 'staged', 'applying', 'abandoned'],
  applying: ['applying', 'applied', 'staged', 'recovering', 'abandoned'],
  applied: ['verifying', 'recovering'],
  verifying: ['verifying', 'verified', 'recovering', 'abandoned', 'manual_required'],
  verified: ['promoting', 'recovering', 'abandoned'],
  promoting: ['promoting', 'resumed', 'promoted', 'recovering', 'abandoned', 'manual_required'],
  resumed: ['promoted'],
  promoted: ['promoted', 'draining', 'rolling_back'],
  draining: ['draining', 'retiring', 'rolling_back'],
  retiring: ['retiring', 'done', 'manual_required'],
  recovering: [
    'recovering',
    'applying',
    'staged',
    'verifying',
    'promoting',
    'out_of_sync',
    'abandoned',
    'manual_required',
  ],
  out_of_sync: ['out_of_sync', 'reconciling', 'verifying', 'manual_required'],
  reconciling: ['reconciling', 'verifying', 'manual_required'],
  rolling_back: ['rolling_back', 'rolled_back', 'manual_required'],
  manual_required: ['reconciling', 'abandoned'],
  done: [],
  wrap_suspect: [],
  wrap_lost: [],
  abandoned: [],
  rolled_back: [],
};

/** Nothing happens by itself any more. `manual_required` is left by an administrator alone, who may end it or reconcile. */
const TERMINAL: ReadonlySet<RotationState> = new Set([
  'done',
  'wrap_suspect',
  'wrap_lost',
  'abandoned',
  'rolled_back',
]);

/** It has ended: another rotation of the same credential may begin. */
export const isEnded = (state: RotationState): boolean => TERMINAL.has(state);

/** Nothing is done about it before somebody acts. */
export const isAtRest = (state: RotationState): boolean =>
  TERMINAL.has(state) || state === 'manual_required';

export const mayFollow = (state: RotationState, next: RotationState): boolean =>
  TRANSITIONS[state].includes(next);
