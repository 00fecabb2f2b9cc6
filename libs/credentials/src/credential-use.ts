import { type SecretRef } from './secret-ref.js';
import { type VersionCount } from './version-uses.js';

/** What a use has to know of its credential. */
export interface UsedCredential {
  readonly ref: SecretRef;
  /** Calls with it, or an older one, are to end. */
  readonly retiredVersion: number;
}

/** One call with one version of a managed credential, from its admission to its end. */
export class CredentialUse {
  #count: VersionCount;
  #isAnswered = false;
  #isOver = false;

  constructor(
    private readonly credential: UsedCredential,
    count: VersionCount,
  ) {
    this.#count = count;
  }

  get ref(): SecretRef {
    return this.credential.ref;
  }

  /** What the call was admitted with; nothing else may be put on it. */
  get version(): number {
    return this.#count.version;
  }

  /** Its version is retired: the call is to be cut. */
  get isRetired(): boolean {
    return this.version <= this.credential.retiredVersion;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The head of the answer came: the legacy system has judged the credential. */
  answered(): void {
    if (this.#isAnswered || this.#isOver) return;
    this.#isAnswered = true;
    this.#count.unanswered -= 1;
  }

  /** It is sent once more, and was counted there. */
  goesOnIn(count: VersionCount): void {
    this.#takeBack();
    this.#isAnswered = false;
    this.#count = count;
  }

  /** The call has ended, however it did. */
  leave(): void {
    if (this.#isOver) return;
    this.#takeBack();
    this.#isOver = true;
  }

  #takeBack(): void {
    this.#count.open -= 1;
    if (!this.#isAnswered) this.#count.unanswered -= 1;
  }
}
