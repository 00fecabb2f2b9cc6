import { type CredentialRefusal } from './credential-census.js';

/** Of one message. */
const SENT_AT_ONCE_MAX = 100;
/** With as many that wait, more of them tell nothing new. */
const WAITING_MAX = 1_000;

/** Refusals on their way to the census, one message at a time; what could not be told stays. */
export class RefusalQueue {
  readonly #waiting: CredentialRefusal[] = [];
  #sending: Promise<void> | undefined;

  constructor(private readonly tell: (refusals: readonly CredentialRefusal[]) => Promise<void>) {}

  /** False: there is no room. */
  add(refusal: CredentialRefusal): boolean {
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(refusal);
    return true;
  }

  /** Returns at once; call it again after a failure. */
  send(): void {
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    const refusals = this.#waiting.splice(0, SENT_AT_ONCE_MAX);
    const sent = this.tell(refusals).then(
      () => true,
      () => {
        this.#waiting.unshift(...refusals);
        return false;
      },
    );
    this.#sending = sent.then((isTold) => {
      this.#sending = undefined;
      if (isTold) this.send();
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }
}
