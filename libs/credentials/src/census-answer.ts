import { type Clock } from '#kernel';
import { CENSUS_VALID_MS } from './credential-census.js';

/** When a question was asked, by both clocks. */
export interface AskedAt {
  readonly ms: number;
  readonly wallMs: number;
}

/**
 * How old the last answer of the census is: as old as its question. By two clocks, since each has its fault: the one that
 * never goes back stands still with a machine that sleeps, and the other can be set.
 */
export class CensusAnswer {
  #asked: AskedAt | undefined;

  constructor(
    private readonly nowMs: () => number,
    private readonly clock: Clock,
  ) {}

  question(): AskedAt {
    return { ms: this.nowMs(), wallMs: this.clock.now().getTime() };
  }

  answered(asked: AskedAt): void {
    this.#asked = asked;
  }

  /** Infinity: there is none. */
  get ageMs(): number {
    return this.#asked === undefined ? Infinity : this.nowMs() - this.#asked.ms;
  }

  /** Whether calls may begin by it. */
  get isCurrent(): boolean {
    if (this.#asked === undefined || this.ageMs > CENSUS_VALID_MS) return false;
    const wallMs = this.clock.now().getTime() - this.#asked.wallMs;
    return wallMs >= 0 && wallMs <= CENSUS_VALID_MS;
  }
}
