import { errorClassOf, errorOf, type PosternEvent, type RotationState } from '#events';
import { backoffMs } from './backoff.js';
import { giveUp, giveUpAt } from './give-up.js';
import { type Move, moved } from './move.js';
import {
  credentialChangedEvent,
  isReached,
  outOfSyncEvent,
  transitionEvent,
} from './rotation-record.js';
import { type RotationEngineParts } from './rotation-engine-parts.js';
import { type CredentialChange, type LeasedRotation, RotationLeaseLost } from './rotation-store.js';
import { type Rotation } from './rotation.js';
import { holdsCalls } from './rotation-traits.js';
import { settledChange } from './settled-change.js';
import { apply } from './steps/apply.js';
import { begin } from './steps/begin.js';
import { drain } from './steps/drain.js';
import { discardAll, observe } from './steps/observe.js';
import { passToPromoted, passToPromoting, passToVerifying } from './steps/pass-on.js';
import { prepare } from './steps/stage.js';
import { promote } from './steps/promote.js';
import { quiesce } from './steps/quiesce.js';
import { leaveOutOfSync, reconcile } from './steps/reconcile.js';
import { recover } from './steps/recover.js';
import { retire } from './steps/retire.js';
import { rollBack } from './steps/roll-back.js';
import { takeIn } from './steps/take-in.js';
import { verify } from './steps/verify.js';
import { isAtRest, isEnded, mayFollow } from './transitions.js';
import { LoginBudgetSpent, type Step, Turn } from './turn.js';

/** What is done in each state. In the others nothing happens by itself. */
const STEPS: Partial<Record<RotationState, Step>> = {
  requested: begin,
  intake: takeIn,
  staged: prepare,
  quiescing: quiesce,
  applying: apply,
  applied: passToVerifying,
  verifying: verify,
  verified: passToPromoting,
  promoting: promote,
  resumed: passToPromoted,
  promoted: observe,
  draining: drain,
  retiring: retire,
  recovering: recover,
  out_of_sync: leaveOutOfSync,
  reconciling: reconcile,
  rolling_back: rollBack,
};

/**
 * Takes rotations further, one transition at a time. Before each side effect the state that does it is committed; who comes
 * into a state again, after a crash, looks whether it was done. May be called at once for different rotations.
 */
export class RotationEngine {
  /** What was committed here and not acted on yet. A rotation that comes from the store is never among them. */
  readonly #fresh = new WeakSet<Rotation>();

  constructor(private readonly parts: RotationEngineParts) {}

  /**
   * Does what the state of the rotation asks for and commits what it came to, which it gives. When `dueAt` of that lies
   * ahead, the rotation waits; hand it in again as it is as long as it is due and leased. A step that fails waits, and is
   * given up after the deadline.
   * @throws RotationLeaseLost; DependencyUnavailable: then nobody knows what was committed: lease it anew
   */
  async advance(lease: LeasedRotation): Promise<Rotation> {
    const { rotation } = lease;
    const step = STEPS[rotation.state];
    if (step === undefined) return rotation;
    const turn = new Turn(lease, this.parts, this.#fresh.delete(rotation));
    const move = await this.#moveOf(turn, step);
    return this.#commit(turn, move);
  }

  async #moveOf(turn: Turn, step: Step): Promise<Move> {
    try {
      return await step(turn);
    } catch (error) {
      const { state } = turn.rotation;
      const mustStop = turn.isUnsure || error instanceof RotationLeaseLost;
      if (mustStop || !mayFollow(state, state)) throw error;
      return waiting(turn, errorOf(error));
    }
  }

  async #commit(turn: Turn, move: Move): Promise<Rotation> {
    const { lease, rotation, parts } = turn;
    const now = parts.clock.now();
    const next = ended(moved(rotation, move, now), now);
    const { change, told } = await this.#changeOf(next, move, now);
    const outcome = await parts.store.commit(lease, {
      next,
      ...(change === undefined ? {} : { credential: change }),
      ...(move.onlyWhenQuiet === undefined ? {} : { onlyWhenQuiet: true }),
      events: [...this.#transition(turn, next, move), ...(move.events ?? []), ...told],
    });
    if (outcome === 'not_quiet') {
      if (move.onlyWhenQuiet === undefined)
        throw new TypeError('a commit waits for quiet that needs none');
      return this.#commit(turn, move.onlyWhenQuiet.otherwise);
    }
    if (next.state !== rotation.state) this.#fresh.add(next);
    // What is left over after a crash here goes away by itself.
    if (isEnded(next.state)) await discardAll(turn).catch(() => undefined);
    return next;
  }

  #transition({ rotation }: Turn, next: Rotation, { severity }: Move): readonly PosternEvent[] {
    if (next.state === rotation.state || !isReached(next)) return [];
    return [transitionEvent(this.parts.events, next, { from: rotation.state, severity })];
  }

  async #changeOf(
    next: Rotation,
    move: Move,
    at: Date,
  ): Promise<{ change?: CredentialChange; told: readonly PosternEvent[] }> {
    if (move.credential === undefined && !isAtRest(next.state)) return { told: [] };
    const { book, events, plans } = this.parts;
    const credential = await book.find(next.ref);
    if (credential === undefined) return { told: [] };
    const change = settledChange(credential, next.state, move.credential);
    const { correlationId } = next;
    // Also where nothing of the credential changes by it, such as that calls are held back already.
    const isDead = next.state === 'out_of_sync' || change?.state === 'breaker_open';
    const dead = isDead
      ? [outOfSyncEvent(events, next, plans.get(next.resource)?.allowance.perSeconds ?? 0)]
      : [];
    if (change === undefined) return { told: dead };
    return {
      change,
      told: [credentialChangedEvent(events, credential, change, { correlationId, at }), ...dead],
    };
  }
}

const ended = (next: Rotation, now: Date): Rotation =>
  isEnded(next.state) ? { ...next, endedAt: now } : next;

/** A step could not do what it does: it is tried again later, until it is given up. */
function waiting(turn: Turn, error: Error): Move {
  const { rotation, now } = turn;
  const limit = giveUpAt(rotation).getTime();
  const errorClass = errorClassOf(error);
  const end = now.getTime() >= limit ? giveUp(rotation, errorClass) : undefined;
  if (end !== undefined) return end;
  const isSpent = error instanceof LoginBudgetSpent;
  const at = isSpent ? error.until : turn.after(backoffMs(rotation.waits, holdsBack(rotation)));
  // The deadline is looked at when it is there; from then on, as rarely as ever.
  const dueAt = now.getTime() < limit && at.getTime() > limit ? new Date(limit) : at;
  const waits = rotation.waits + (isSpent ? 0 : 1);
  const keepsReason = rotation.state === 'recovering' || rotation.state === 'promoting';
  return {
    to: rotation.state,
    set: { waits, dueAt, ...(keepsReason ? {} : { errorClass }) },
  };
}

const HOLDING: ReadonlySet<RotationState> = new Set([
  'quiescing',
  'applying',
  'verifying',
  'promoting',
  'recovering',
]);

const holdsBack = (rotation: Rotation): boolean =>
  rotation.state === 'reconciling' || (holdsCalls(rotation) && HOLDING.has(rotation.state));
