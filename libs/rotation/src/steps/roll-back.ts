import { drainPollMs } from '../backoff.js';
import { giveUpAt } from '../give-up.js';
import { type Move } from '../move.js';
import { type SecretFields, SecretMoved } from '../rotated-secrets.js';
import { RotationTermsUnfit, sameFields, type Step, type Turn } from '../turn.js';
import { drained } from './drain.js';

/**
 * ROLLING_BACK: calls use the old value again, then the new one ends.
 * Probe: another version than the new one is current; the version after the new one holds the old value. Act: the old value
 * is written as the newest version, so that nobody who reads the newest is surprised.
 */
export const rollBack: Step = async (turn) => {
  const { rotation } = turn;
  const credential = await turn.parts.book.find(rotation.ref);
  const { toVersion = 0 } = rotation;
  if (credential?.currentVersion === toVersion) return goBack(turn, toVersion);
  return (await isAwaited(turn, toVersion))
    ? turn.again(drainPollMs(turn.elapsedMs))
    : retireNew(turn, toVersion);
};

/**
 * Calls that are open with the new value are waited for. After `drainMs` only those that the legacy system has yet to judge
 * are, and instances that do not know yet: it may have taken longer than that to write the old value.
 */
async function isAwaited(turn: Turn, toVersion: number): Promise<boolean> {
  const { rotation, plan, elapsedMs, now } = turn;
  if (elapsedMs < plan.drainMs) return !(await drained(turn, toVersion));
  const isTooLate = now.getTime() >= giveUpAt(rotation).getTime() + plan.drainMs;
  return !isTooLate && !(await judged(turn, toVersion));
}

async function judged({ parts: { book }, rotation: { ref } }: Turn, of: number): Promise<boolean> {
  const credential = await book.find(ref);
  const instances = await book.instances(ref);
  return instances.every(
    ({ serial, uses }) =>
      serial >= (credential?.serial ?? 0) &&
      uses.every(({ version, unanswered }) => version !== of || unanswered === 0),
  );
}

async function goBack(turn: Turn, toVersion: number): Promise<Move> {
  const old = await turn.currentIfThere();
  if (old === undefined) throw versionGone();
  const currentVersion = await writtenBack(turn, old, toVersion);
  return {
    to: 'rolling_back',
    credential: { currentVersion, fallbackVersion: null, gate: 'open', state: 'active' },
  };
}

/** When an administrator has written meanwhile, calls go back to the version that they came from. His is tried next. */
async function writtenBack(turn: Turn, old: SecretFields, toVersion: number): Promise<number> {
  const { ref, token, fromVersion = 0 } = turn.rotation;
  await turn.stillOurs();
  const writing = turn.parts.secrets.write(ref, { after: toVersion, token }, old);
  return writing.catch(async (error: unknown) => {
    if (!(error instanceof SecretMoved)) throw error;
    const there = await turn.version(toVersion + 1);
    return there !== undefined && sameFields(there, old) ? toVersion + 1 : fromVersion;
  });
}

async function retireNew(turn: Turn, toVersion: number): Promise<Move> {
  const [current, old] = await Promise.all([turn.currentIfThere(), turn.version(toVersion)]);
  if (old === undefined || current === undefined) throw versionGone();
  await turn.stillOurs();
  await turn.changer.retire({ old, current });
  const at = turn.after(turn.plan.keepMs);
  return { to: 'rolled_back', credential: { destroyLater: { version: toVersion, at } } };
}

const versionGone = (): RotationTermsUnfit =>
  new RotationTermsUnfit(
    'a version that takes part is gone from the secret store: going back takes an administrator',
  );
