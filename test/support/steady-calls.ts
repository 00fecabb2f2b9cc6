import { setTimeout as pause } from 'node:timers/promises';

const CALLERS = 8;
/** Callers without a pause take all of a machine, and what runs beside them waits for it. */
const REST_MS = 50;

/** Callers that call one time after the other until they are told to end. */
export class SteadyCalls {
  #total = 0;
  #longestMs = 0;
  #isEnding = false;
  readonly #failed: string[] = [];
  readonly #callers: Promise<unknown>;

  /** @param call Resolves to the status of the answer. */
  constructor(
    private readonly call: (caller: number) => Promise<number>,
    { callers = CALLERS, restMs = REST_MS } = {},
  ) {
    this.#callers = Promise.all(
      Array.from({ length: callers }, (_, caller) => this.#keepCalling(caller, restMs)),
    );
  }

  get total(): number {
    return this.#total;
  }

  /** What came instead of 200, with the time since the beginning. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#callers;
  }

  async #keepCalling(caller: number, restMs: number): Promise<void> {
    while (!this.#isEnding) {
      const began = performance.now();
      const status = await this.call(caller).catch((error: unknown) => String(error));
      const ms = performance.now() - began;
      this.#total += 1;
      this.#longestMs = Math.max(this.#longestMs, ms);
      if (status !== 200) this.#failed.push(`${status} after ${ms.toFixed(0)} ms`);
      if (restMs > 0) await pause(restMs);
    }
  }
}
