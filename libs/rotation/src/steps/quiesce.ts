import { QUIET_POLL_MS } from '../backoff.js';
import { type Move } from '../move.js';
import { NEVER_QUIET, OVERDUE } from '../rotation-traits.js';
import { QUIESCE_MS_MAX } from '../rotation-plan.js';
import { type Step, type Turn } from '../turn.js';

/** Calls are held back for two seconds each time; in between they go on. */
const PAUSES_MS = [2_000, 5_000, 15_000, 30_000] as const;
/** A value that others have is changed also under calls: what is refused then, the proxy sends once more. */
const URGENT_PAUSE_MS = 500;
const LAST_POLLS_MS = 2 * QUIET_POLL_MS;

/**
 * QUIESCING: calls that would begin wait, until none is unanswered.
 * Probe and record are one: the transition is committed only when every live instance holds back and has none unanswered.
 */
export const quiesce: Step = async (turn) => ({
  ...applying,
  onlyWhenQuiet: { otherwise: notQuiet(turn) },
});

const applying: Move = { to: 'applying', credential: { gate: 'held' } };

function notQuiet(turn: Turn): Move {
  const { elapsedMs, isOverdue, rotation } = turn;
  if (isOverdue) return { to: 'abandoned', set: { errorClass: OVERDUE } };
  const isUrgent = rotation.trigger === 'compromise';
  // Before calls are let go again: later, all of them would meet the change, and not only those that are late.
  const isLast = elapsedMs >= QUIESCE_MS_MAX - LAST_POLLS_MS && elapsedMs < QUIESCE_MS_MAX;
  if (isUrgent && isLast) return applying;
  if (elapsedMs < QUIESCE_MS_MAX) return turn.again(QUIET_POLL_MS);
  const pauseMs = isUrgent ? URGENT_PAUSE_MS : PAUSES_MS[rotation.waits];
  return pauseMs === undefined
    ? { to: 'abandoned', set: { errorClass: NEVER_QUIET } }
    : tryLater(turn, pauseMs);
}

const tryLater = (turn: Turn, pauseMs: number): Move => ({
  to: 'staged',
  set: {
    waits: turn.rotation.waits + 1,
    dueAt: turn.after(pauseMs),
    errorClass: NEVER_QUIET,
  },
  credential: { gate: 'open', state: 'active' },
});
