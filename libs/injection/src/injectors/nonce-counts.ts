/** Nonces of which the count is remembered; a destination may hand out several at once, and one of them twice. */
const NONCES_MAX = 64;

/** How often each nonce was used: a destination takes each count once (RFC 7616 section 3.4). */
export class NonceCounts {
  readonly #counts = new Map<string, number>();

  /** Never gives the same number for the same nonce twice while the nonce is among the last used. */
  next(nonce: string): number {
    const count = (this.#counts.get(nonce) ?? 0) + 1;
    this.#counts.delete(nonce);
    this.#counts.set(nonce, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > NONCES_MAX && oldest !== undefined) this.#counts.delete(oldest);
    return count;
  }
}
