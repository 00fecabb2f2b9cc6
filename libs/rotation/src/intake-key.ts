import { type Secret } from '#kernel';

/**
 * What wrapping tokens are sealed to on their way to the rotators: the public half of a key pair, of which they alone have
 * the other. It is no secret.
 */
export interface IntakeKey {
  /** Thumbprint of `jwk` (RFC 7638, SHA-256, base64url). */
  readonly kid: string;
  /** RFC 7517: P-256, for ECDH-ES+A256KW. */
  readonly jwk: Readonly<Record<string, string>>;
}

/** Where the rotators publish their intake key for those who seal. May be called at once by many processes. */
export abstract class IntakeKeys {
  /** From now on this is the one to seal to. @throws DependencyUnavailable */
  abstract publish(intakeKey: IntakeKey): Promise<void>;

  /** Undefined: no rotator has ever started. @throws DependencyUnavailable */
  abstract current(): Promise<IntakeKey | undefined>;
}

export interface OpenedWrap {
  readonly wrappingToken: Secret;
  /** Of the token itself, whatever whoever sealed it said: 32 hexadecimal digits. */
  readonly fingerprint: string;
}

/** Opens wrapping tokens that were sealed to the intake key. */
export abstract class SealedWraps {
  /**
   * Undefined: it was not sealed to our key, was altered, or holds no wrapping token. That does not get better by itself.
   * @throws SecretStoreUnavailable when the private half cannot be read
   */
  abstract open(sealedToken: string): Promise<OpenedWrap | undefined>;
}
