import { SecretStoreUnavailable } from '#credentials';
import { errorClassOf, errorOf } from '#events';
import { ChangeRefused, TargetUnreachable, type ValueChange } from '../credential-changer.js';
import { type Move } from '../move.js';
import { type ProbeResult } from '../rotation.js';
import { INTERRUPTED, REFUSED, withDetail } from '../rotation-traits.js';
import { LoginBudgetSpent, type Step, type Turn } from '../turn.js';

const STORE_PAUSE_MS = 5_000;

/**
 * APPLYING: the legacy system learns the new value.
 * Probe, but for the first time: RECOVERING asks which value works. Act: the change.
 */
export const apply: Step = async (turn) => {
  if (!turn.isFresh) return { to: 'recovering', set: { errorClass: INTERRUPTED } };
  const [current, pending] = await Promise.all([turn.currentIfThere(), turn.pending()]).catch(
    storeAway,
  );
  return current === undefined || pending === undefined
    ? untried(turn, turn.after(STORE_PAUSE_MS), 'credential-unavailable')
    : changed(turn, { current, next: pending });
};

/** Nothing was tried: calls need not wait for what it takes, unless something was tried before that may still take effect. */
const untried = (turn: Turn, dueAt: Date, errorClass: string): Move =>
  mayHaveBegun(turn)
    ? { to: 'recovering', set: { errorClass: INTERRUPTED } }
    : {
        to: 'staged',
        set: { dueAt, errorClass },
        credential: { gate: 'open', state: 'active' },
      };

/** RECOVERING sends it back here at once only for that. */
const mayHaveBegun = ({ rotation }: Turn): boolean => rotation.previousState === 'recovering';

function storeAway(error: unknown): [undefined, undefined] {
  if (error instanceof SecretStoreUnavailable) return [undefined, undefined];
  throw error;
}

async function changed(turn: Turn, change: ValueChange): Promise<Move> {
  const outcome = await applied(turn, change);
  if (outcome instanceof LoginBudgetSpent) return untried(turn, outcome.until, outcome.code);
  if (outcome === undefined) return { to: 'applied', set: { errorClass: undefined } };
  // One that was begun before and may still take effect is not undone by the refusal of this one.
  if (!mayHaveBegun(turn) && outcome instanceof ChangeRefused) {
    return { to: 'recovering', set: { errorClass: withDetail(REFUSED, outcome.errorClass) } };
  }
  // It may have been changed, whatever went wrong.
  return { to: 'recovering', set: { errorClass: errorClassOf(outcome) } };
}

/** Where the account changes itself the change is a login, and its refusal may have been a failing one. */
async function applied(turn: Turn, change: ValueChange): Promise<Error | undefined> {
  const { changer } = turn;
  // The lease is asked for last: what lies between it and the change is a change by somebody who may have been replaced.
  const first = (): Promise<void> => turn.stillOurs();
  const act = (): Promise<Error | undefined> =>
    changer.apply(change).then(() => undefined, errorOf);
  if (!changer.logsInAsAccount) return first().then(act);
  const counted = turn.budgeted(async () => {
    const value = await act();
    return { result: resultOf(value), value };
  }, first);
  return counted.catch((error: unknown) => {
    if (error instanceof LoginBudgetSpent) return error;
    throw error;
  });
}

function resultOf(failure: Error | undefined): ProbeResult {
  if (failure === undefined) return 'ok';
  return failure instanceof TargetUnreachable ? 'unreachable' : 'fail';
}
