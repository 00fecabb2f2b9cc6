/** What a peer may do at once ... */
const BURST = 300;
/** ... and for long: streams that are reset, PING and SETTINGS frames, which cost us and bring nobody an answer. */
const PER_SECOND = 30;

/**
 * How many frames that are work for us alone a connection of HTTP/2 has left (CVE-2023-44487, CVE-2019-9512,
 * CVE-2019-9515).
 */
export class FrameBudget {
  #left = BURST;
  #countedAtMs: number;

  /** `nowMs`: of a clock that never goes back. */
  constructor(private readonly nowMs: () => number = () => performance.now()) {
    this.#countedAtMs = nowMs();
  }

  /** Takes one; false: there was none left. */
  take(): boolean {
    const nowMs = this.nowMs();
    const earned = ((nowMs - this.#countedAtMs) / 1_000) * PER_SECOND;
    this.#left = Math.min(BURST, this.#left + earned);
    this.#countedAtMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
