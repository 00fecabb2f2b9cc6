import { type PosternError } from '#kernel';

/** A call that may not begin yet. */
export interface WaitingCall {
  /** It may; decides on what, at once. Throws nothing. */
  readonly begin: () => void;
  readonly reject: (error: PosternError) => void;
  /** Why nobody waits for it any more; undefined: somebody does. */
  readonly over: () => PosternError | undefined;
  readonly sinceMs: number;
}

/**
 * Calls that wait for a credential, in the order in which they came. They are as many as the resource has places for.
 */
export class WaitingCalls {
  #calls: WaitingCall[] = [];
  /** Hears how long a call waited, in seconds. */
  onEnd: (seconds: number) => void = () => undefined;

  get size(): number {
    return this.#calls.length;
  }

  add(call: WaitingCall): void {
    this.#calls.push(call);
  }

  /** All begin now, but those that nobody waits for any more. */
  release(nowMs: number): void {
    for (const call of this.#taken()) {
      const over = call.over();
      if (over === undefined) this.#ended(call, nowMs).begin();
      else this.#ended(call, nowMs).reject(over);
    }
  }

  rejectAll(why: () => PosternError, nowMs: number): void {
    for (const call of this.#taken()) this.#ended(call, nowMs).reject(call.over() ?? why());
  }

  /** Ends those that nobody waits for, and those that have waited for longer than `waitMsMax`. */
  expire(waitMsMax: number, why: () => PosternError, nowMs: number): void {
    if (this.#calls.length === 0) return;
    for (const call of this.#taken()) {
      const over = call.over() ?? (nowMs - call.sinceMs >= waitMsMax ? why() : undefined);
      if (over === undefined) this.#calls.push(call);
      else this.#ended(call, nowMs).reject(over);
    }
  }

  #taken(): readonly WaitingCall[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #ended(call: WaitingCall, nowMs: number): WaitingCall {
    this.onEnd((nowMs - call.sinceMs) / 1_000);
    return call;
  }
}
