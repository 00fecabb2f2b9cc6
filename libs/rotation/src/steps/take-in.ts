import { SecretStoreUnavailable } from '#credentials';
import { type Secret } from '#kernel';
import { type PosternEvent } from '#events';
import { type Move } from '../move.js';
import { type SecretFields } from '../rotated-secrets.js';
import { type WrapExpectation } from '../rotation-plan.js';
import { type WrapIntake } from '../rotation.js';
import { OVERDUE } from '../rotation-traits.js';
import { RotationTermsUnfit, type Step, type Turn } from '../turn.js';
import { wrapEvent, type WrapFinding } from '../wrap-record.js';
import { wrapVerdict } from '../wrap-verdict.js';
import { type WrapLookup, wrapPlace, type WrappingTokens } from '../wrapping-tokens.js';

/** The value is in memory alone until it is staged: one blip of the store must not lose it. */
const STAGE_TRIES_MAX = 3;

/**
 * INTAKE: a wrapping token becomes the pending value.
 * Probe: a pending value is there: done. None is, and the token was being used up before a crash: lost, never tried again.
 * Act: the token is judged; that it is being used up is written down; then it is; the value is staged.
 */
export const takeIn: Step = async (turn) => {
  const { wrap } = turn.rotation;
  if (wrap === undefined) throw new RotationTermsUnfit('no wrapping token was handed over');
  if ((await turn.pending()) !== undefined) return { to: 'staged', set: { wrap: usedUp(wrap) } };
  if (wrap.unwrapStartedAt !== undefined) {
    return new Intake(turn, wrap).ended({ event: 'lost', verdict: 'response_lost' });
  }
  if (turn.isOverdue) return { to: 'abandoned', set: { errorClass: OVERDUE } };
  return judged(turn, wrap);
};

async function judged(turn: Turn, wrap: WrapIntake): Promise<Move> {
  const { wrapping, wraps, upkeep } = turn.parts;
  const expected = turn.plan.wrapped;
  if (wrapping === undefined || wraps === undefined || expected === undefined) {
    throw new RotationTermsUnfit('no wrapping tokens are taken here: rotation.wrapped is missing');
  }
  const opened = wrap.sealedToken === undefined ? undefined : await wraps.open(wrap.sealedToken);
  if (opened === undefined) return { to: 'abandoned', set: { errorClass: 'wrap-unreadable' } };
  const { wrappingToken, fingerprint } = opened;
  const { id, requestedAt } = turn.rotation;
  const lookup = await wrapping.lookUp(wrappingToken);
  const isFirst = await upkeep.firstSeen(fingerprint, id);
  const { told } = wrap;
  const intake = new Intake(turn, { ...wrap, fingerprint }, lookup);
  const verdict = wrapVerdict({ lookup, told, expected, isFirst, requestedAt, now: turn.now });
  return verdict.event === 'verified'
    ? intake.useUp(wrapping, wrappingToken)
    : intake.ended(verdict);
}

/** A token that was looked at, and what becomes of it. */
class Intake {
  constructor(
    private readonly turn: Turn,
    private readonly wrap: WrapIntake,
    private readonly lookup?: WrapLookup,
  ) {}

  async useUp(wrapping: WrappingTokens, wrappingToken: Secret): Promise<Move> {
    const { turn, wrap } = this;
    const started = { ...wrap, unwrapStartedAt: turn.now };
    await turn.writeDown({ wrap: started }, [
      this.#event({ event: 'verified', verdict: 'genuine' }),
    ]);
    const unwrapped = await wrapping.unwrap(wrappingToken).catch(notSent);
    // The store did not look at it: it can be used another time.
    if (unwrapped === undefined) return { ...turn.again(RETRY_MS), set: this.#afresh() };
    if ('failed' in unwrapped) {
      return unwrapped.failed === 'unknown'
        ? this.ended({ event: 'suspect', verdict: 'already_unwrapped' })
        : this.ended({ event: 'lost', verdict: 'response_lost' });
    }
    return this.#staged(unwrapped.fields);
  }

  ended(finding: WrapFinding & { readonly event: 'suspect' | 'lost' }): Move {
    return {
      to: finding.event === 'lost' ? 'wrap_lost' : 'wrap_suspect',
      set: { errorClass: finding.verdict, wrap: usedUp(this.wrap) },
      events: [this.#event(finding)],
    };
  }

  async #staged(fields: SecretFields): Promise<Move> {
    const { turn, wrap } = this;
    const events = [this.#event({ event: 'unwrapped', verdict: 'genuine' })];
    const { username, password } = turn.plan.fields;
    const isWhole = fields.has(password) && (username === undefined || fields.has(username));
    if (!isWhole) {
      return {
        to: 'abandoned',
        set: { errorClass: 'wrap-lacks-fields', wrap: usedUp(wrap) },
        events,
      };
    }
    await persistently(() => turn.stage(fields));
    return { to: 'staged', set: { wrap: usedUp(wrap), errorClass: undefined }, events };
  }

  #afresh(): { wrap: WrapIntake; dueAt: Date; waits: number; errorClass: string } {
    return {
      wrap: { ...this.wrap, unwrapStartedAt: undefined },
      dueAt: this.turn.after(RETRY_MS),
      waits: this.turn.rotation.waits + 1,
      errorClass: 'credential-unavailable',
    };
  }

  #event(finding: WrapFinding): PosternEvent {
    const { turn, wrap, lookup } = this;
    const expectedPath = expectedPathOf(turn.plan.wrapped);
    const told = { fingerprint: wrap.fingerprint, expectedPath, lookup };
    return wrapEvent(turn.parts.events, turn.rotation, finding, told);
  }
}

const RETRY_MS = 2_000;

const expectedPathOf = (expected: WrapExpectation | undefined): string =>
  expected === undefined ? '' : wrapPlace(expected);

const usedUp = (wrap: WrapIntake): WrapIntake => ({ ...wrap, sealedToken: undefined });

function notSent(error: unknown): undefined {
  if (error instanceof SecretStoreUnavailable) return undefined;
  throw error;
}

async function persistently(act: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const failure = await act().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    if (tries === STAGE_TRIES_MAX) throw failure as Error;
  }
}
