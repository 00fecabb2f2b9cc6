import { type Digest } from '#kernel';

/**
 * The memory against replay of what is good once, shared by all processes that check it: DPoP proofs (RFC 9449 section
 * 11.1) and security events (RFC 8417 section 2.2, `jti`).
 */
export abstract class ProofUses {
  /**
   * Remembers that the proof of this key is used, at least until the instant. Atomic: of many uses of one key at once,
   * in however many processes, exactly one is the first. A key that is remembered still is `again`, even after its
   * instant.
   * @throws DependencyUnavailable: whether the proof was used is not known then, and it must not be taken.
   */
  abstract use(key: Digest, until: Date): Promise<'first' | 'again'>;

  /** Whether the key is remembered. @throws DependencyUnavailable */
  abstract isUsed(key: Digest): Promise<boolean>;

  /**
   * Forgets uses that were to be remembered until before `now`; resolves to how many.
   * @throws DependencyUnavailable
   */
  abstract purge(now: Date): Promise<number>;
}
