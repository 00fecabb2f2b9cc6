import {
  type CountedKind,
  type Handle,
  type ImposedRestrictions,
  RESTRICTION_WINDOW_SECONDS,
  type RestrictionOf,
  RESTRICTIONS_STANDING_MAX,
  secondsUntilEnd,
  windowAt,
} from '#handles';
import { type Clock } from '#kernel';
import { type CallAttempt } from './call-attempt.js';
import { CallDenied } from './call-denied.js';

export interface CallRestrictionsParts {
  readonly imposed: ImposedRestrictions;
  /** The network zone of an address; undefined: nothing that is of a source is for it. */
  readonly sourceOf: (address: string) => string | undefined;
  readonly clock: Clock;
}

interface Counted {
  readonly window: number;
  readonly calls: number;
}

/** What came back and is not yet made up for by time. */
interface Debt {
  readonly bytes: number;
  readonly at: Date;
}

type OfSource = RestrictionOf<'guess_rate' | 'source_block'>;

/**
 * What detections restrict of calls. What is of a source is asked about after a call was refused for a handle that does not
 * exist, and of no other call: behind one address there are many, and who has a handle is not touched by what others try
 * there. What is of a handle is of that one. Counts are those of this process.
 */
export class CallRestrictions {
  /** By the id of the restriction. */
  readonly #guesses = new Map<string, Counted>();
  readonly #debts = new Map<string, Debt>();

  constructor(private readonly parts: CallRestrictionsParts) {}

  /** Asks which stand; call it every RESTRICTIONS_EVERY_MS. @throws DependencyUnavailable */
  async refresh(): Promise<void> {
    await this.parts.imposed.refresh();
    for (const counts of [this.#guesses, this.#debts]) {
      if (counts.size > RESTRICTIONS_STANDING_MAX) counts.clear();
    }
  }

  /** @throws CallDenied when more came back through this handle than may for now */
  assertWithinBytes({ id }: Handle): void {
    for (const restriction of this.parts.imposed.of('bytes_rate', id)) {
      const excess = this.#debtOf(restriction) - restriction.limit;
      if (excess <= 0) continue;
      const seconds = Math.ceil(
        (excess / restriction.limit) * RESTRICTION_WINDOW_SECONDS.bytes_rate,
      );
      throw this.#restricted(restriction, {
        reason: 'restricted',
        detail: `more came back through the handle than ${restriction.limit} bytes a minute`,
        retryAfterSeconds: Math.max(1, seconds),
      });
    }
  }

  /** So much came back through a handle. */
  cameBack(handleId: string, bytes: number): void {
    for (const restriction of this.parts.imposed.of('bytes_rate', handleId)) {
      const at = this.parts.clock.now();
      this.#debts.set(restriction.id, { bytes: this.#debtOf(restriction) + bytes, at });
    }
  }

  /** A refusal as it is told from a source that is restricted; any other one as it was. */
  refused(denied: CallDenied, attempt: CallAttempt): CallDenied {
    if (!this.#isGuess(denied, attempt)) return denied;
    const source = this.parts.sourceOf(attempt.context.peerAddress);
    if (source === undefined) return denied;
    const breached = this.#ofSource(source).find((one) => this.#isOver(one));
    if (breached === undefined) return denied;
    // The reason stays: who counts guesses goes on counting, and so finds out that they do not end.
    const { reason, message: detail } = denied;
    return this.#restricted(breached, {
      ...{ reason, detail },
      retryAfterSeconds: this.#waitOf(breached),
    });
  }

  /** What was presented as a handle, and is none. Without one a caller is only about to be asked for it. */
  #isGuess({ reason }: CallDenied, { handleFingerprint }: CallAttempt): boolean {
    const { imposed } = this.parts;
    if (!imposed.hasAny('guess_rate') && !imposed.hasAny('source_block')) return false;
    return handleFingerprint !== undefined && (reason === 'unknown' || reason === 'malformed');
  }

  #ofSource(source: string): readonly OfSource[] {
    const { imposed } = this.parts;
    return [...imposed.of('source_block', source), ...imposed.of('guess_rate', source)];
  }

  #isOver(restriction: OfSource): boolean {
    if (restriction.kind === 'source_block') return true;
    const { window } = windowAt(restriction, this.parts.clock.now());
    const known = this.#guesses.get(restriction.id);
    const calls = (known?.window === window ? known.calls : 0) + 1;
    this.#guesses.set(restriction.id, { window, calls });
    return calls > restriction.limit;
  }

  #waitOf(restriction: OfSource): number {
    const now = this.parts.clock.now();
    return restriction.kind === 'source_block'
      ? secondsUntilEnd(restriction, now)
      : windowAt(restriction, now).secondsLeft;
  }

  #debtOf({ id, limit }: RestrictionOf<'bytes_rate'>): number {
    const debt = this.#debts.get(id);
    if (debt === undefined) return 0;
    const seconds = Math.max(0, (this.parts.clock.now().getTime() - debt.at.getTime()) / 1_000);
    return Math.max(0, debt.bytes - (limit * seconds) / RESTRICTION_WINDOW_SECONDS.bytes_rate);
  }

  #restricted(
    restriction: RestrictionOf<CountedKind | 'source_block'>,
    told: Pick<CallDenied, 'reason'> & {
      readonly detail: string;
      readonly retryAfterSeconds: number;
    },
  ): CallDenied {
    const { id, detectionId } = restriction;
    const end = secondsUntilEnd(restriction, this.parts.clock.now());
    return new CallDenied({
      ...{ code: 'too-many-requests', restriction: { id, detectionId } },
      ...told,
      retryAfterSeconds: Math.min(told.retryAfterSeconds, end),
    });
  }
}
