import { type Move } from '../move.js';
import {
  changesTarget,
  MOVED,
  OVERDUE,
  PENDING_GONE,
  VERIFY_FAILED,
  withDetail,
} from '../rotation-traits.js';
import { type SecretFields } from '../rotated-secrets.js';
import { type Step, type Turn } from '../turn.js';

/** An administrator may change the legacy system after the store: what fails now may work in a while. */
const RETRY_MS = [30_000, 60_000, 120_000, 300_000] as const;

/**
 * VERIFYING: the value is tried in the way in which calls use it.
 * Act: every check that is configured. Repeated after a crash: a check that works costs nothing.
 */
export const verify: Step = async (turn) => {
  const value = await candidate(turn);
  if (value === undefined) return gone(turn);
  const { result, detail } = await turn.tried('verify', value);
  if (result === 'ok') return { to: 'verified', set: { errorClass: undefined } };
  const errorClass = withDetail(VERIFY_FAILED, detail);
  return changesTarget(turn.rotation)
    ? { to: 'recovering', set: { errorClass } }
    : doesNotWorkYet(turn, errorClass);
};

const candidate = (turn: Turn): Promise<SecretFields | undefined> =>
  turn.rotation.origin === 'vault' ? turn.version(turn.rotation.toVersion ?? 0) : turn.pending();

const gone = ({ rotation }: Turn): Move =>
  changesTarget(rotation)
    ? { to: 'recovering', set: { errorClass: PENDING_GONE } }
    : { to: 'abandoned', set: { errorClass: PENDING_GONE }, severity: 'ERROR' };

/** The old value stays in service. A newer one that an administrator wrote meanwhile is the better guess. */
async function doesNotWorkYet(turn: Turn, errorClass: string): Promise<Move> {
  const { waits, toVersion, fromVersion = 0 } = turn.rotation;
  if ((await turn.newest()) > (toVersion ?? fromVersion)) {
    return { to: 'abandoned', set: { errorClass: MOVED } };
  }
  if (turn.isOverdue) {
    return {
      to: 'abandoned',
      set: { errorClass: withDetail(OVERDUE, errorClass) },
      severity: 'ERROR',
    };
  }
  const pauseMs = RETRY_MS[Math.min(waits, RETRY_MS.length - 1)] ?? 0;
  const due = Math.min(turn.after(pauseMs).getTime(), turn.rotation.deadlineAt.getTime());
  return { to: 'verifying', set: { waits: waits + 1, dueAt: new Date(due), errorClass } };
}
