import { type Handle, type HandleLookup } from '#handles';
import { type ActiveCall } from './active-call.js';
import { type CutCause } from './call-failed.js';
import { RESERVE_AGE_MS } from './call-reserve.js';

/** Between two turns of the re-check. */
export const RECHECK_EVERY_MS = 250;
/** A call is asked about again when it was not for as many turns: half a second. */
const ASKED_EVERY_TURNS = 2;
/** A call that PostgreSQL has not confirmed for as many turns is cut: 1.75 s, so that all is over within two seconds. */
const UNCONFIRMED_TURNS_MAX = 7;
/** A call that was counted in memory rests on an answer of that age at most. */
const REMEMBERED_TURNS = Math.ceil(RESERVE_AGE_MS / RECHECK_EVERY_MS);
/** Handles of one question. */
const ASKED_AT_ONCE_MAX = 10_000;
/** Questions under way: one that hangs on a broken connection must not keep the next from being asked over another. */
const QUESTIONS_MAX = 4;
/** Of those, the ones that are not left to the turns: whoever revokes all the time must not keep them from asking. */
const DOUBTS_MAX = 2;

/** Hears what the re-check does. Must not throw. */
export interface RecheckObserver {
  cut(cause: CutCause, calls: number): void;
  /** A question was not answered; it is asked again. */
  failed(error: unknown): void;
}

export interface CallsInFlightParts {
  readonly handles: Pick<HandleLookup, 'endedAmong'>;
  /** Handles that hold something beside calls, such as sessions: they are asked about too. */
  readonly holders: () => Iterable<string>;
  /** Hears which handles ended, before their calls are cut. */
  readonly onEnded: (handleIds: ReadonlySet<string>) => void;
  readonly observer: RecheckObserver | undefined;
}

/**
 * The calls that are under way, each confirmed by PostgreSQL twice a second: one question for all. Those whose handle was
 * revoked or suspended, or is not there any more, are cut; and so are those that could not be confirmed for 1.75 s: who
 * cannot be asked has not said yes. Cut is also what has a retired version of a secret on it. Time is counted in turns, so that no clock that is set, and no process that stood
 * still, makes a call older than it is.
 */
export class CallsInFlight {
  readonly #calls = new Set<ActiveCall>();
  readonly #questions = new Set<Promise<unknown>>();
  #turn = 0;

  constructor(private readonly parts: CallsInFlightParts) {}

  get size(): number {
    return this.#calls.size;
  }

  /** Before the call is counted: what the count says is never older than the call is here. */
  enter(call: ActiveCall): void {
    const { audit } = call.permitted.resource;
    call.confirmedTurn = this.#turn;
    call.askedTurn = audit === 'strict' ? this.#turn : this.#turn - 1;
    this.#calls.add(call);
  }

  /** The call was counted in memory: what it rests on is older than the call. */
  countedInMemory(call: ActiveCall): void {
    call.confirmedTurn -= REMEMBERED_TURNS;
  }

  leave(call: ActiveCall): void {
    this.#calls.delete(call);
  }

  /** Call it every RECHECK_EVERY_MS. Returns at once: what it asks is answered when it is. */
  turn(): void {
    this.#turn += 1;
    const due: ActiveCall[] = [];
    const unconfirmed: ActiveCall[] = [];
    const retired: ActiveCall[] = [];
    for (const call of this.#calls) {
      if (!isUncut(call)) continue;
      if (call.use?.isRetired === true) retired.push(call);
      else if (this.#turn - call.confirmedTurn >= UNCONFIRMED_TURNS_MAX) unconfirmed.push(call);
      else if (this.#turn - call.askedTurn >= ASKED_EVERY_TURNS) due.push(call);
    }
    this.#cut('retired', retired);
    this.#cut('unconfirmed', unconfirmed);
    if (this.#questions.size >= QUESTIONS_MAX) return;
    const holders = this.#turn % ASKED_EVERY_TURNS === 0 ? this.parts.holders() : [];
    this.#ask(due, holders).catch(() => undefined); // The observer was told, and the next turn asks again.
  }

  /**
   * Asks about the handles that match, now. Resolves when those that ended have been cut.
   * @throws DependencyUnavailable: then the turns go on asking
   */
  async askAbout(matches: (handle: Handle) => boolean): Promise<void> {
    const calls = [...this.#calls].filter(
      (call) => isUncut(call) && matches(call.permitted.handle),
    );
    if (this.#questions.size < DOUBTS_MAX) await this.#ask(calls, []);
    else for (const call of calls) call.askedTurn = -Infinity; // The next turn that may ask does.
  }

  /** Resolves when no question is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#questions);
  }

  #ask(calls: readonly ActiveCall[], holders: Iterable<string>): Promise<void> {
    const ids = [...new Set([...calls.map(handleIdOf), ...holders])];
    if (ids.length === 0) return Promise.resolve();
    for (const call of calls) call.askedTurn = this.#turn;
    const question = this.#answered(calls, ids, this.#turn);
    this.#questions.add(question);
    return question.finally(() => this.#questions.delete(question));
  }

  /** An answer counts as old as its question. */
  async #answered(
    calls: readonly ActiveCall[],
    ids: readonly string[],
    askedTurn: number,
  ): Promise<void> {
    const ended = await this.#endedAmong(ids);
    for (const call of calls) call.confirmedTurn = Math.max(call.confirmedTurn, askedTurn);
    if (ended.size === 0) return;
    this.parts.onEnded(ended);
    const over = [...this.#calls].filter((call) => isUncut(call) && ended.has(handleIdOf(call)));
    this.#cut('ended', over);
  }

  async #endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const ended = new Set<string>();
    try {
      for (let from = 0; from < ids.length; from += ASKED_AT_ONCE_MAX) {
        const some = ids.slice(from, from + ASKED_AT_ONCE_MAX);
        for (const id of await this.parts.handles.endedAmong(some)) ended.add(id);
      }
    } catch (error) {
      this.parts.observer?.failed(error);
      throw error;
    }
    return ended;
  }

  #cut(cause: CutCause, calls: readonly ActiveCall[]): void {
    if (calls.length === 0) return;
    for (const call of calls) call.cut(cause);
    this.parts.observer?.cut(cause, calls.length);
  }
}

const isUncut = ({ cutBy }: ActiveCall): boolean => cutBy === undefined;

const handleIdOf = ({ permitted }: ActiveCall): string => permitted.handle.id;
