import { type EventFactory, type EventJournal, type PosternEvent } from '#events';
import { type Clock } from '#kernel';
import { type CallAttempt } from './call-attempt.js';
import { type CallDenied } from './call-denied.js';

/** Denials of one kind within this time after the first are summed into one event. */
export const SUM_WINDOW_MS = 1_000;
/** Kinds that are told apart at once; beyond that a kind is its reason alone. */
const KINDS_MAX = 10_000;
const DETAIL_CHARACTERS_MAX = 200;

export interface DenialJournalParts {
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** The one that this deployment serves. */
  readonly environment: string;
}

/** What followed the first denial of a kind, not written yet. */
interface Sum {
  readonly startedAtMs: number;
  /** The write of the first: those that follow count only when it succeeded. */
  readonly first: Promise<void>;
  count: number;
  last: PosternEvent<'dev.postern.call.denied.v1'> | undefined;
}

/**
 * Writes an event for each denied call, and keeps a flood from flooding the journal: of each kind (reason and handle, or
 * reason and peer) the first is durable before the caller hears of it, the rest of the second is one event with a count.
 */
export class DenialJournal {
  readonly #sums = new Map<string, Sum>();

  constructor(private readonly parts: DenialJournalParts) {}

  /** @throws DependencyUnavailable when the event could not be written: then the refusal is ours, not the caller's. */
  async record(denied: CallDenied, attempt: CallAttempt): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    const kind = this.#kindOf(denied, attempt);
    const sum = this.#sums.get(kind);
    if (sum === undefined || !within(sum, nowMs)) {
      await this.#begin(kind, sum, nowMs, this.#eventOf(denied, attempt));
      return;
    }
    await sum.first;
    sum.count += 1;
    sum.last = this.#eventOf(denied, attempt);
  }

  /** Writes the sums whose second is over. Call it about once a second. */
  async flushDue(): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    await this.#flush([...this.#sums].filter(([, sum]) => !within(sum, nowMs)));
  }

  /** Writes all sums. */
  async close(): Promise<void> {
    await this.#flush([...this.#sums]);
  }

  async #begin(
    kind: string,
    ended: Sum | undefined,
    startedAtMs: number,
    event: PosternEvent<'dev.postern.call.denied.v1'>,
  ): Promise<void> {
    const first = this.parts.journal.append([...summed(ended), event]);
    this.#sums.set(kind, { startedAtMs, first, count: 0, last: undefined });
    try {
      await first;
    } catch (error) {
      // What the old window held is not lost with this write.
      if (ended === undefined) this.#sums.delete(kind);
      else this.#sums.set(kind, ended);
      throw error;
    }
  }

  async #flush(ended: readonly (readonly [string, Sum])[]): Promise<void> {
    const events = ended.flatMap(([, sum]) => summed(sum));
    for (const [kind, sum] of ended) {
      if (this.#sums.get(kind) === sum) this.#sums.delete(kind);
    }
    try {
      await this.parts.journal.append(events);
    } catch (error) {
      for (const [kind, sum] of ended) if (!this.#sums.has(kind)) this.#sums.set(kind, sum);
      throw error;
    }
  }

  #kindOf({ reason }: CallDenied, attempt: CallAttempt): string {
    const who = attempt.handleId ?? attempt.context.peerAddress;
    const kind = JSON.stringify([reason, who]);
    return this.#sums.size < KINDS_MAX || this.#sums.has(kind) ? kind : JSON.stringify([reason]);
  }

  #eventOf(denied: CallDenied, attempt: CallAttempt): PosternEvent<'dev.postern.call.denied.v1'> {
    const { handleId, handleFingerprint, handleEnvironment, resource, userAgent } = attempt;
    const { correlationId, peerAddress } = attempt.context;
    return this.parts.events.create('dev.postern.call.denied.v1', {
      subject: handleId === undefined ? `peer/${peerAddress}` : `handle/${handleId}`,
      partitionKey: handleId ?? `peer:${peerAddress}`,
      correlationId,
      severity: denied.severity,
      data: {
        ...(handleId === undefined ? {} : { handle_id: handleId }),
        ...(handleFingerprint === undefined ? {} : { handle_fp: handleFingerprint }),
        checksum_ok: attempt.checksumOk,
        reason: denied.reason,
        detail: denied.message.slice(0, DETAIL_CHARACTERS_MAX),
        ...(resource === undefined ? {} : { resource }),
        env_listener: this.parts.environment,
        ...(handleEnvironment === undefined ? {} : { env_handle: handleEnvironment }),
        method: attempt.method,
        client: {
          ip: peerAddress,
          ...(userAgent === undefined ? {} : { user_agent: userAgent }),
        },
      },
    });
  }
}

const within = (sum: Sum, nowMs: number): boolean =>
  nowMs >= sum.startedAtMs && nowMs - sum.startedAtMs < SUM_WINDOW_MS;

/** The last of those that followed stands for all of them. */
const summed = (sum: Sum | undefined): PosternEvent[] =>
  sum?.last === undefined ? [] : [{ ...sum.last, data: { ...sum.last.data, count: sum.count } }];
