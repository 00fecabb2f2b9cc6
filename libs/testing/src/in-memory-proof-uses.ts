import { ProofUses } from '#handles';
import { DependencyUnavailable, type Digest } from '#kernel';

/** The memory of DPoP proofs, in memory. A use runs without a pause, so that of many at once one is the first. */
export class InMemoryProofUses extends ProofUses {
  /** The uses that are remembered, and until when. */
  readonly remembered = new Map<Digest, Date>();
  #reachable = true;

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  override async use(key: Digest, until: Date): Promise<'first' | 'again'> {
    this.#assertReachable();
    if (this.remembered.has(key)) return 'again';
    this.remembered.set(key, until);
    return 'first';
  }

  override async isUsed(key: Digest): Promise<boolean> {
    this.#assertReachable();
    return this.remembered.has(key);
  }

  override async purge(now: Date): Promise<number> {
    this.#assertReachable();
    const expired = [...this.remembered].filter(([, until]) => until < now);
    for (const [key] of expired) this.remembered.delete(key);
    return expired.length;
  }

  #assertReachable(): void {
    if (!this.#reachable) {
      throw new DependencyUnavailable('proof-uses', 'the memory of proofs is told to be away');
    }
  }
}
