import { CHANGE_MS_MAX } from '../credential-changer.js';
import { type Move } from '../move.js';
import { recoveryVerdict, type RecoveryVerdict } from '../probe-matrix.js';
import { type ProbeResults } from '../rotation.js';
import {
  CURRENT_GONE,
  DRAIN_VIOLATED,
  failedBy,
  holdsCalls,
  MOVED,
  PENDING_GONE,
  REFUSED,
  VERIFY_FAILED,
} from '../rotation-traits.js';
import { type SecretFields } from '../rotated-secrets.js';
import { sameFields, type Step, type Turn } from '../turn.js';

const APPLY_PAUSE_MS = 1_000;

interface Found {
  readonly current: SecretFields | undefined;
  readonly pending: SecretFields | undefined;
}

/**
 * RECOVERING: nobody knows how far it came, so that the legacy system is asked which value it takes.
 * Act: a login with each, as few of them as tell. Record: what they came to.
 */
export const recover: Step = async (turn) => {
  const [current, pending] = await Promise.all([turn.currentIfThere(), turn.pending()]);
  const found = { current, pending };
  const probe = await probed(turn, found);
  if (probe === 'pending_works') return { to: 'verifying', set: { errorClass: undefined } };
  if (probe === 'under_way') return turn.again(APPLY_PAUSE_MS);
  if (probe.current !== 'ok' && probe.pending === 'fail' && !isSettled(turn)) {
    return turn.again(CHANGE_MS_MAX - turn.elapsedMs);
  }
  if (current === undefined && probe.pending === 'fail') return withoutCurrent(turn);
  const { kind, attempt, values, origin } = turn.rotation;
  const verdict = recoveryVerdict({
    ...{ probe, attempt, values },
    kind: kind === 'dual_slot' ? 'dual_slot' : 'single_slot',
    verifyFailed: failedBy(turn.rotation, VERIFY_FAILED),
    isGenerated: origin === 'generated',
  });
  const move = await moveOf(turn, verdict, found);
  return { ...move, set: { ...move.set, probe } };
};

/**
 * What is asked second need not be asked when the first answer tells enough, so what is likely to be taken is asked first: a
 * legacy system with one value that takes the pending one has it. One that takes the current one has not changed it, when
 * it said so, or when the time is over in which a change that was begun may still take effect. A login that failed is
 * written down: it is not made to fail again when the budget is spent with it.
 */
async function probed(
  turn: Turn,
  found: Found,
): Promise<ProbeResults | 'pending_works' | 'under_way'> {
  const { rotation } = turn;
  const wasRefused = failedBy(rotation, REFUSED);
  const hasOne = holdsCalls(rotation);
  if (hasOne && !wasRefused && rotation.attempt === 1) return pendingFirst(turn, found);
  const current = await asked(turn, 'current', found);
  const isTold = wasRefused || (hasOne && isSettled(turn));
  if (current === 'ok' && isTold) return { current, pending: 'fail' };
  if (current === 'ok' && hasOne) return 'under_way';
  return { current, pending: await asked(turn, 'pending', found) };
}

async function pendingFirst(turn: Turn, found: Found): Promise<ProbeResults | 'pending_works'> {
  const pending = await asked(turn, 'pending', found);
  if (pending === 'ok' && !failedBy(turn.rotation, VERIFY_FAILED)) return 'pending_works';
  return { pending, current: await asked(turn, 'current', found) };
}

/** A value that is gone from the store is of no use to anybody. */
async function asked(turn: Turn, which: keyof Found, found: Found): Promise<'ok' | 'fail'> {
  const value = found[which];
  if (value === undefined || turn.rotation.probe?.[which] === 'fail') return 'fail';
  if ((await turn.tried('login', value)).result === 'ok') return 'ok';
  const { waits, probe } = turn.rotation;
  if (which === 'current' || isSettled(turn)) {
    await turn.writeDown({ waits, probe: { ...(probe ?? UNASKED), [which]: 'fail' } }, []);
  }
  return 'fail';
}

/** A change that was begun has taken effect by now, or never will: that the pending value fails is true from here on. */
const isSettled = ({ rotation, elapsedMs }: Turn): boolean =>
  failedBy(rotation, REFUSED) || elapsedMs >= CHANGE_MS_MAX;

const UNASKED: ProbeResults = { current: 'unreachable', pending: 'unreachable' };

async function moveOf(turn: Turn, verdict: RecoveryVerdict, found: Found): Promise<Move> {
  switch (verdict.kind) {
    case 'wait':
      return turn.again(APPLY_PAUSE_MS);
    case 'apply_again':
      return applyAgain(turn);
    case 'new_value':
      return stagedAgain(turn, verdict.kind);
    case 'verify':
      return verifying(turn, verdict.afterMs);
    case 'promote':
      return promoting(turn, verdict.drainViolated);
    case 'out_of_sync':
      return outOfSync(turn, found);
    case 'ask_somebody':
      return { to: 'manual_required' };
    case 'abandon':
      return abandoned(turn, verdict.pendingIsValid, found);
  }
}

function verifying(turn: Turn, afterMs: number): Move {
  const { attempt } = turn.rotation;
  const dueAt = turn.after(afterMs);
  return { to: 'verifying', set: { dueAt, attempt: afterMs === 0 ? attempt : attempt + 1 } };
}

/**
 * The new value did not come to be, and of the old one nothing can be asked: somebody has taken it from the store. Proxies
 * that hold it may go on with it; where calls were held back, it is tried first.
 */
const withoutCurrent = ({ rotation }: Turn): Move => ({
  to: 'abandoned',
  set: { errorClass: CURRENT_GONE },
  severity: 'ERROR',
  ...(holdsCalls(rotation) ? { credential: { state: 'breaker_open' } } : {}),
});

/**
 * A change that nobody waits for any more may still take effect, and then would meet calls. As long as they are held back
 * for it, the same value is applied once more at once: the late one then changes nothing.
 */
async function applyAgain(turn: Turn): Promise<Move> {
  const { rotation, parts } = turn;
  const { attempt } = rotation;
  const isSure = failedBy(rotation, REFUSED) || attempt > 1 || !holdsCalls(rotation);
  const credential = isSure ? undefined : await parts.book.find(rotation.ref);
  return credential?.gate === 'held'
    ? { to: 'applying', set: { attempt: attempt + 1 } }
    : stagedAgain(turn, 'apply_again');
}

/** Calls go on meanwhile: the current value works. */
function stagedAgain(turn: Turn, what: 'apply_again' | 'new_value'): Move {
  const { attempt, values, origin } = turn.rotation;
  const isGone = failedBy(turn.rotation, PENDING_GONE) && origin === 'generated';
  const isNew = what === 'new_value' || isGone;
  return {
    to: 'staged',
    set: {
      toVersion: undefined,
      attempt: what === 'new_value' ? 1 : attempt + 1,
      values: isNew ? values + 1 : values,
      dueAt: turn.after(APPLY_PAUSE_MS * 2 ** (attempt - 1)),
    },
    credential: { gate: 'open', state: 'active' },
  };
}

function promoting(turn: Turn, drainViolated: boolean): Move {
  const { toVersion, fromVersion = 0, errorClass } = turn.rotation;
  return {
    to: 'promoting',
    set: {
      errorClass: drainViolated ? DRAIN_VIOLATED : errorClass,
      toVersion: toVersion ?? fromVersion + 1,
    },
  };
}

async function abandoned(turn: Turn, pendingIsValid: boolean, found: Found): Promise<Move> {
  if (pendingIsValid || mayBecomeValid(turn)) await retirePending(turn, found);
  return { to: 'abandoned' };
}

/** With two values a late change may make it valid yet. */
const mayBecomeValid = (turn: Turn): boolean => !holdsCalls(turn.rotation) && !isSettled(turn);

/** What is thrown away must not stay valid. */
async function retirePending(turn: Turn, { current, pending }: Found): Promise<void> {
  if (current === undefined || pending === undefined) return;
  await turn.stillOurs();
  await turn.changer.retire({ old: pending, current });
}

/** Neither works. A version of an administrator may be why, and the cure: it is verified next, as any that appears. */
async function outOfSync(turn: Turn, { pending }: Found): Promise<Move> {
  const newest = await turn.newest();
  const there = newest > (turn.rotation.fromVersion ?? 0) ? await turn.version(newest) : undefined;
  const isOurs = there === undefined || (pending !== undefined && sameFields(there, pending));
  return isOurs
    ? { to: 'out_of_sync', credential: { gate: 'held' } }
    : { to: 'abandoned', set: { errorClass: MOVED }, credential: { state: 'breaker_open' } };
}
