import { type KeyObject } from 'node:crypto';

/**
 * Which key signs at the moment. A key that another one replaced never signs again: whoever has an old key cannot go on
 * with the log from where the new one began.
 */
export class KeySuccession {
  #current: KeyObject | undefined;
  readonly #replaced = new Set<KeyObject>();

  /** The key of the newest checkpoint. */
  get current(): KeyObject | undefined {
    return this.#current;
  }

  /** Takes the next checkpoint, by the keys that signed it. False when none of them may. */
  admits(signers: readonly KeyObject[]): boolean {
    if (this.#current !== undefined && signers.includes(this.#current)) return true;
    const next = signers.find((one) => !this.#replaced.has(one));
    if (next === undefined) return false;
    if (this.#current !== undefined) this.#replaced.add(this.#current);
    this.#current = next;
    return true;
  }
}
