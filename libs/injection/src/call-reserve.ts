import { type Clock } from '#kernel';
import {
  type CallLedger,
  type FirstUse,
  type StartOutcome,
  type UnusedCalls,
} from './call-ledger.js';

/** A reserve that is older is not used: by then the handle may be revoked. */
export const RESERVE_AGE_MS = 750;
/** So long an answer may take that also counts for calls that came while it was on its way. */
const JOINED_MS_MAX = 250;
const RESERVE_CALLS_MAX = 1_024;
/** Handles of one statement that gives back. */
const RELEASED_AT_ONCE_MAX = 1_000;

interface Waiting {
  readonly firstUse: (() => FirstUse) | undefined;
  readonly resolve: (outcome: StartOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls of one handle that are counted already and not made yet. */
interface Reserve {
  left: number;
  takenAt: number;
  /** How many of the last reserve were made: as many are likely to be wanted again. */
  made: number;
  loading: boolean;
  waiting: Waiting[];
}

export interface CallReserveParts {
  readonly ledger: Pick<CallLedger, 'reserve' | 'release'>;
  readonly clock: Clock;
}

/**
 * Counts calls ahead, many at once, for resources with `audit: buffered`: a call is then counted in memory. What is counted
 * and never made is given back. `maxCalls` is never exceeded; while another process holds the last calls of a handle,
 * for about a second, a call may be refused that would have been one of them.
 */
export class CallReserve {
  readonly #reserves = new Map<string, Reserve>();

  constructor(private readonly parts: CallReserveParts) {}

  /**
   * Synchronous while the reserve lasts. `firstUse` as in CallStart, made when the ledger is asked.
   * @throws DependencyUnavailable: then nothing may be sent
   */
  start(handleId: string, firstUse?: () => FirstUse): StartOutcome | Promise<StartOutcome> {
    const reserve = this.#reserveOf(handleId);
    if (reserve.waiting.length === 0 && reserve.left > 0 && !this.#isStale(reserve)) {
      reserve.left -= 1;
      reserve.made += 1;
      return 'started';
    }
    return new Promise((resolve, reject) => {
      reserve.waiting.push({ firstUse, resolve, reject });
      if (!reserve.loading) void this.#load(handleId, reserve);
    });
  }

  /** What was counted ahead for these handles is not used any more: they may have ended. */
  forget(handleIds: Iterable<string>): void {
    for (const handleId of handleIds) {
      const reserve = this.#reserves.get(handleId);
      if (reserve !== undefined) reserve.takenAt = -Infinity;
    }
  }

  /** Gives back what nobody wants any more; call it about once a second. @throws DependencyUnavailable */
  async releaseStale(): Promise<void> {
    await this.#drop((reserve) => !reserve.loading && this.#isStale(reserve));
  }

  /** Gives back all. @throws DependencyUnavailable */
  async close(): Promise<void> {
    await this.#drop(() => true);
  }

  #reserveOf(handleId: string): Reserve {
    const known = this.#reserves.get(handleId);
    if (known !== undefined) return known;
    const fresh: Reserve = { left: 0, takenAt: -Infinity, made: 0, loading: false, waiting: [] };
    this.#reserves.set(handleId, fresh);
    return fresh;
  }

  #isStale({ takenAt }: Reserve): boolean {
    return this.parts.clock.now().getTime() - takenAt >= RESERVE_AGE_MS;
  }

  async #load(handleId: string, reserve: Reserve): Promise<void> {
    reserve.loading = true;
    try {
      while (reserve.waiting.length > 0) await this.#refill(handleId, reserve);
    } catch (error) {
      for (const { reject } of reserve.waiting.splice(0)) reject(error);
    } finally {
      reserve.loading = false;
    }
  }

  async #refill(handleId: string, reserve: Reserve): Promise<void> {
    await this.#giveBack([[handleId, reserve]]);
    const needed = reserve.waiting.length;
    const wanted = Math.min(RESERVE_CALLS_MAX, Math.max(needed, 2 * reserve.made));
    const at = this.parts.clock.now();
    const firstUse = reserve.waiting[0]?.firstUse?.(); // Whatever is granted, it is among them.
    const granted = await this.parts.ledger.reserve({ handleId, needed, wanted, at, firstUse });
    reserve.takenAt = at.getTime();
    reserve.made = 0;
    if (typeof granted === 'string') {
      for (const { resolve } of reserve.waiting.splice(0, needed)) resolve(granted);
      return;
    }
    // Who came after the question takes an answer that is older than they are: only while it is young.
    const isYoung = this.parts.clock.now().getTime() - reserve.takenAt < JOINED_MS_MAX;
    const served = reserve.waiting.splice(0, isYoung ? granted : Math.min(granted, needed));
    reserve.left = granted - served.length;
    reserve.made = served.length;
    for (const { resolve } of served) resolve('started');
  }

  async #drop(unwanted: (reserve: Reserve) => boolean): Promise<void> {
    const dropped = [...this.#reserves].filter(([, reserve]) => unwanted(reserve));
    for (let from = 0; from < dropped.length; from += RELEASED_AT_ONCE_MAX) {
      await this.#giveBack(dropped.slice(from, from + RELEASED_AT_ONCE_MAX));
    }
    for (const [handleId, reserve] of dropped) {
      if (isIdle(reserve)) this.#reserves.delete(handleId);
    }
  }

  /** What could not be given back is lost to the handle: never made twice. */
  async #giveBack(reserves: readonly (readonly [string, Reserve])[]): Promise<void> {
    const unused: UnusedCalls[] = [];
    for (const [handleId, reserve] of reserves) {
      if (reserve.left > 0) unused.push({ handleId, calls: reserve.left });
      reserve.left = 0;
    }
    if (unused.length > 0) await this.parts.ledger.release(unused);
  }
}

/** Nothing is in it, wanted of it or on its way to it; while the others were given back it may have been filled again. */
const isIdle = ({ left, waiting, loading }: Reserve): boolean =>
  left === 0 && waiting.length === 0 && !loading;
