import { performance } from 'node:perf_hooks';

const AGAIN_MS = 60_000;
/** Messages that are remembered; the one said the longest ago goes first. */
const REMEMBERED_MAX = 1_000;

/** Keeps what fails again and again for the same reason from filling the log: each message is let through once a minute. */
export class SaidSeldom {
  readonly #saidAtMs = new Map<string, number>();

  /** `nowMs`: of a clock that never goes back. */
  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** Whether it is to be said now; then it counts as said. */
  isDue(message: string): boolean {
    const nowMs = this.nowMs();
    const lastMs = this.#saidAtMs.get(message);
    if (lastMs !== undefined && nowMs - lastMs < AGAIN_MS) return false;
    this.#saidAtMs.delete(message);
    this.#saidAtMs.set(message, nowMs);
    const [oldest] = this.#saidAtMs.keys();
    if (this.#saidAtMs.size > REMEMBERED_MAX && oldest !== undefined) {
      this.#saidAtMs.delete(oldest);
    }
    return true;
  }
}
