import { SecretStoreUnavailable } from '#credentials';
import { type Secret, sha256OfParts } from '#kernel';
import { type IntakeKey, IntakeKeys, type OpenedWrap, SealedWraps } from '#rotation';

const FINGERPRINT_DIGITS = 32;

/** The newest intake key, in memory. */
export class InMemoryIntakeKeys extends IntakeKeys {
  #current: IntakeKey | undefined;

  override async publish(intakeKey: IntakeKey): Promise<void> {
    this.#current = intakeKey;
  }

  override async current(): Promise<IntakeKey | undefined> {
    return this.#current;
  }
}

/** Hands out a text for a wrapping token and takes it back; nothing is encrypted. */
export class InMemorySealedWraps extends SealedWraps {
  readonly #opened = new Map<string, OpenedWrap>();
  #condition: SecretStoreUnavailable['condition'] | undefined;

  /** What a rotation is given in place of the token, and its fingerprint. */
  seal(wrappingToken: Secret): { readonly sealedToken: string; readonly fingerprint: string } {
    const digest = sha256OfParts(['postern wrapping token', wrappingToken.reveal()]);
    const fingerprint = digest.slice(0, FINGERPRINT_DIGITS);
    const sealedToken = `sealed-in-memory-${this.#opened.size + 1}`;
    this.#opened.set(sealedToken, { wrappingToken, fingerprint });
    return { sealedToken, fingerprint };
  }

  /** From now on every call fails in this way; undefined ends it. */
  failWith(condition: SecretStoreUnavailable['condition'] | undefined): void {
    this.#condition = condition;
  }

  override async open(sealedToken: string): Promise<OpenedWrap | undefined> {
    if (this.#condition === undefined) return this.#opened.get(sealedToken);
    throw new SecretStoreUnavailable(
      this.#condition,
      `the in-memory store is told to be ${this.#condition}`,
    );
  }
}
