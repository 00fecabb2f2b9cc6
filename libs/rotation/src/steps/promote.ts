import { type CredentialChange } from '../rotation-store.js';
import { type Move } from '../move.js';
import { ATTEMPTS_MAX } from '../probe-matrix.js';
import {
  changesTarget,
  DRAIN_VIOLATED,
  failedBy,
  holdsCalls,
  keepsFallback,
  MOVED,
  PENDING_GONE,
} from '../rotation-traits.js';
import { type SecretFields, SecretMoved } from '../rotated-secrets.js';
import { sameFields, type Step, type Turn } from '../turn.js';

/**
 * PROMOTING: the new value becomes the newest version, then the current one.
 * Probe: the version that it is to be holds the very fields that are pending; a mark could be of anybody. Act: a write that
 * succeeds only after the version before it. Record: the current version, and with it the gate.
 */
export const promote: Step = async (turn) => {
  if (turn.rotation.origin === 'vault') return current(turn);
  const pending = await turn.pending();
  if (pending === undefined) return moveOn(turn, PENDING_GONE);
  if (!turn.isFresh && (await isWritten(turn, pending))) return current(turn);
  return (await write(turn, pending)) ? current(turn) : moveOn(turn, MOVED);
};

async function isWritten(turn: Turn, pending: SecretFields): Promise<boolean> {
  const there = await turn.version(turn.rotation.toVersion ?? 0);
  return there !== undefined && sameFields(there, pending);
}

/** False: somebody else wrote a version in the meantime. */
async function write(turn: Turn, pending: SecretFields): Promise<boolean> {
  const { ref, token, toVersion = 1 } = turn.rotation;
  await turn.stillOurs();
  const place = { after: toVersion - 1, token };
  const failure = await turn.parts.secrets.write(ref, place, pending).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) return true;
  // A write whose answer was lost was ours.
  if (failure instanceof SecretMoved) return isWritten(turn, pending);
  throw failure as Error;
}

function current({ rotation }: Turn): Move {
  const { toVersion = 1, fromVersion } = rotation;
  const hasFallback = keepsFallback(rotation) && !failedBy(rotation, DRAIN_VIOLATED);
  const credential: CredentialChange = {
    currentVersion: toVersion,
    fallbackVersion: hasFallback ? (fromVersion ?? null) : null,
    gate: 'open',
    state: keepsFallback(rotation) ? 'rotating' : 'active',
  };
  return {
    to: holdsCalls(rotation) ? 'resumed' : 'promoted',
    set: { errorClass: undefined },
    credential,
  };
}

/**
 * The version that an administrator wrote goes before ours, where the old value still works until his is verified. Where
 * ours is the only one that can work, ours is written after his.
 */
async function moveOn(turn: Turn, errorClass: string): Promise<Move> {
  const { rotation } = turn;
  const isOnlyOne = holdsCalls(rotation) || failedBy(rotation, DRAIN_VIOLATED);
  if (!isOnlyOne && errorClass === MOVED) return { to: 'abandoned', set: { errorClass } };
  if (!changesTarget(rotation)) return { to: 'abandoned', set: { errorClass }, severity: 'ERROR' };
  const attempt = rotation.attempt + 1;
  if (attempt > ATTEMPTS_MAX) return { to: 'manual_required', set: { errorClass } };
  // What was refused because of a version that was deleted since, is after that one too.
  const toVersion = Math.max(await turn.newest(), rotation.toVersion ?? 0) + 1;
  return { to: 'recovering', set: { errorClass, attempt, toVersion } };
}
