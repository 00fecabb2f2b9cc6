/** What a bench has started. Ended as a whole, the last first, also when the bench fails or is interrupted. */
export class Running {
  readonly #ends: (() => unknown)[] = [];
  #ending = Promise.resolve();

  /** `end` may be asynchronous, and may find that what it ends is gone already. */
  add(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Resolves when all has ended, also when another call ends it. What cannot be ended is said, and holds up nothing. */
  end(): Promise<void> {
    this.#ending = this.#ending.then(() => this.#endAll());
    return this.#ending;
  }

  async #endAll(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await ended(end);
  }
}

async function ended(end: () => unknown): Promise<void> {
  try {
    await end();
  } catch (error) {
    console.error(`left running: ${error instanceof Error ? error.message : String(error)}`);
  }
}
