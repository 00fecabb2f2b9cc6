import { type Clock } from '#kernel';
import { type EventJournal } from './event-journal.js';
import { type EventType } from './catalogue.js';
import { type PosternEvent } from './postern-event.js';

/** Events of one kind within this time after the first are summed into one. */
export const SUM_WINDOW_MS = 1_000;
/** Kinds that are told apart at once; beyond that a kind is its first part alone. */
const KINDS_MAX = 10_000;

/** Event types whose `data` can say how many like it the event stands for. */
export type CountedEvent = PosternEvent<
  Extract<
    EventType,
    | 'dev.postern.call.denied.v1'
    | 'dev.postern.exchange.denied.v1'
    | 'dev.postern.command.rejected.v1'
    | 'dev.postern.leak.rejected.v1'
  >
>;

/** What followed the first event of a kind, not written yet; an event is made when it is written, not for each of a flood. */
interface Sum {
  readonly startedAtMs: number;
  /** The write of the first: those that follow count only when it succeeded. */
  readonly first: Promise<void>;
  count: number;
  last: (() => CountedEvent) | undefined;
}

/**
 * Writes events, and keeps a flood of them from flooding the journal: of each kind the first is durable before its
 * writer goes on, the rest of the second is one event with a count.
 */
export class SummingJournal {
  readonly #sums = new Map<string, Sum>();
  /** Writes that nobody waits for. */
  readonly #beside = new Set<Promise<void>>();

  constructor(private readonly parts: { readonly journal: EventJournal; readonly clock: Clock }) {}

  /**
   * `kind`: what makes events alike, the coarsest first. `made` may be called up to a second later, or never.
   * @throws DependencyUnavailable when it could not be written
   */
  async record(kind: readonly string[], made: () => CountedEvent): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    const key = this.#keyOf(kind);
    const sum = this.#sums.get(key);
    if (sum === undefined || !within(sum, nowMs)) {
      await this.#begin(key, sum, nowMs, made());
      return;
    }
    await sum.first;
    const open = this.#sums.get(key) ?? sum; // It may have been flushed while the first was on its way.
    this.#sums.set(key, open);
    open.count += 1;
    open.last = made;
  }

  /**
   * As `record` of the kind `like` to whoever waits: it takes as long, so that nobody can tell the two apart. But amid a
   * flood of those the first of its own `kind` is written at once and by itself. That is tried again until it succeeds.
   * @throws DependencyUnavailable as the record of one of `like` does
   */
  async recordApart(
    kind: readonly string[],
    like: readonly string[],
    made: () => CountedEvent,
  ): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    const [key, likeKey] = [this.#ownKeyOf(kind), this.#keyOf(like)];
    const flood = this.#sums.get(likeKey);
    if (flood === undefined || !within(flood, nowMs)) {
      await this.#begin(likeKey, flood, nowMs, made());
      return;
    }
    const sum = this.#sums.get(key);
    if (sum === undefined || !within(sum, nowMs)) this.#beginBeside(key, sum, nowMs, made());
    else {
      sum.count += 1;
      sum.last = made;
    }
    await flood.first;
  }

  /** Writes the sums whose second is over. Call it about once a second. */
  async flushDue(): Promise<void> {
    const nowMs = this.parts.clock.now().getTime();
    await this.#flush([...this.#sums].filter(([, sum]) => !within(sum, nowMs)));
  }

  /** Writes all sums. */
  async close(): Promise<void> {
    await Promise.all(this.#beside);
    await this.#flush([...this.#sums]);
  }

  async #begin(
    key: string,
    ended: Sum | undefined,
    startedAtMs: number,
    event: CountedEvent,
  ): Promise<void> {
    const first = this.parts.journal.append([...summed(ended), event]);
    this.#sums.set(key, { startedAtMs, first, count: 0, last: undefined });
    try {
      await first;
    } catch (error) {
      // What the old window held is not lost with this write.
      if (ended === undefined) this.#sums.delete(key);
      else this.#sums.set(key, ended);
      throw error;
    }
  }

  /** When it fails, the event is kept as a sum of one, and goes with those that are due. */
  #beginBeside(
    key: string,
    ended: Sum | undefined,
    startedAtMs: number,
    event: CountedEvent,
  ): void {
    const writing = this.#begin(key, ended, startedAtMs, event)
      .catch(() => {
        this.#sums.set(key + event.id, {
          ...{ startedAtMs, first: Promise.resolve(), count: 1 },
          last: () => event,
        });
      })
      .finally(() => this.#beside.delete(writing));
    this.#beside.add(writing);
  }

  async #flush(ended: readonly (readonly [string, Sum])[]): Promise<void> {
    const events = ended.flatMap(([, sum]) => summed(sum));
    for (const [key, sum] of ended) {
      if (this.#sums.get(key) === sum) this.#sums.delete(key);
    }
    if (events.length === 0) return;
    try {
      await this.parts.journal.append(events);
    } catch (error) {
      for (const [key, sum] of ended) if (!this.#sums.has(key)) this.#sums.set(key, sum);
      throw error;
    }
  }

  /** Apart from what many can make: beyond the most kinds it is told apart by its first two parts. */
  #ownKeyOf(kind: readonly string[]): string {
    const key = JSON.stringify(kind);
    if (this.#sums.size < KINDS_MAX || this.#sums.has(key)) return key;
    return JSON.stringify(kind.slice(0, 2));
  }

  #keyOf(kind: readonly string[]): string {
    const key = JSON.stringify(kind);
    if (this.#sums.size < KINDS_MAX || this.#sums.has(key)) return key;
    return JSON.stringify(kind.slice(0, 1));
  }
}

const within = (sum: Sum, nowMs: number): boolean =>
  nowMs >= sum.startedAtMs && nowMs - sum.startedAtMs < SUM_WINDOW_MS;

/** The last of those that followed stands for all of them. */
function summed(sum: Sum | undefined): CountedEvent[] {
  if (sum?.last === undefined) return [];
  const event = sum.last();
  sum.last = () => event; // Written again after a failure, it is the same one.
  return [{ ...event, data: { ...event.data, count: sum.count } }];
}
