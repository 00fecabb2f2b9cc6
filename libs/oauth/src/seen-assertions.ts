import { type Digest } from '#kernel';

/**
 * Which assertions were used, until they expire. Bounded; when it is full of assertions that could still be used again,
 * nothing is forgotten and nothing more is taken in.
 */
export class SeenAssertions {
  /** Digest to the instant, in milliseconds, from which on nobody accepts the assertion any more. */
  readonly #seen = new Map<Digest, number>();

  constructor(private readonly entriesMax: number) {}

  /** `first`: it is on record from now on. `full`: it is not, and must not be accepted. */
  see(assertion: Digest, until: Date, now: Date): 'first' | 'again' | 'full' {
    const known = this.#seen.get(assertion);
    if (known !== undefined && known > now.getTime()) return 'again';
    if (this.#seen.size >= this.entriesMax) this.#forgetExpired(now);
    if (this.#seen.size >= this.entriesMax) return 'full';
    this.#seen.set(assertion, until.getTime());
    return 'first';
  }

  #forgetExpired(now: Date): void {
    for (const [assertion, until] of this.#seen) {
      if (until <= now.getTime()) this.#seen.delete(assertion);
    }
  }
}
