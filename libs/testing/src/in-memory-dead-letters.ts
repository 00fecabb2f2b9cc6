import { type BuriedLetter, type DeadLetter, DeadLetters, errorClassOf } from '#events';

/** Dead letters in memory, with a switch for outages. */
export class InMemoryDeadLetters extends DeadLetters {
  readonly letters: DeadLetter[] = [];
  #outage: Error | undefined;

  /** From now on nothing can be written; undefined ends it. */
  failWith(outage: Error | undefined): void {
    this.#outage = outage;
  }

  override async add(letter: DeadLetter): Promise<void> {
    if (this.#outage !== undefined) throw this.#outage;
    this.letters.push(letter);
  }

  /** As an operator would find them. */
  of(group: string): readonly BuriedLetter[] {
    return this.letters
      .filter((letter) => letter.group === group)
      .map(({ place, record, writtenAt, error, attempts, firstFailedAt }) => ({
        ...{ place, record, writtenAt, attempts, firstFailedAt, diedAt: firstFailedAt },
        errorClass: errorClassOf(error),
      }));
  }
}
