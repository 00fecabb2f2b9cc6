import { type Digest } from '#kernel';

/** The memory against replay of DPoP proofs, shared by all processes that check them (RFC 9449 section 11.1). */
export abstract class ProofUses {
  /**
   * Remembers that the proof of this key is used, at least until the instant. Atomic: of many uses of one key at once,
   * in however many processes, exactly one is the first. A key that is remembered still is `again`, even after its
   * instant.
   * @throws DependencyUnavailable: whether the proof was used is not known then, and it must not be taken.
   */
  abstract use(key: Digest, until: Date): Promise<'first' | 'again'>;

  /**
   * Forgets uses that were to be remembered until before `now`; resolves to how many.
   * @throws DependencyUnavailable
   */
  abstract purge(now: Date): Promise<number>;
}
