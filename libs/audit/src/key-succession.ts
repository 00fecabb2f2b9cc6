import { type KeyObject } from 'node:crypto';

/**
 * Which key signs at the moment. A key that another one replaced never signs again, and after the key in use no other one
 * does: whoever has an old key cannot go on with the log from where the new one began.
 */
export class KeySuccession {
  #current: KeyObject | undefined;
  readonly #replaced = new Set<KeyObject>();

  /** @param inUse The last of all keys, also where the others signed nothing that is seen. */
  constructor(private readonly inUse: KeyObject | undefined) {}

  /** The key of the newest checkpoint. */
  get current(): KeyObject | undefined {
    return this.#current;
  }

  /** Takes the next checkpoint, by the keys that signed it. False when none of them may. */
  admits(signers: readonly KeyObject[]): boolean {
    const next = this.#nextOf(signers);
    if (next === undefined) return false;
    if (this.#current !== undefined && this.#current !== next) this.#replaced.add(this.#current);
    this.#current = next;
    return true;
  }

  /** The newer key counts: whoever has the old one can sign beside it, and would keep the old one alive by that. */
  #nextOf(signers: readonly KeyObject[]): KeyObject | undefined {
    const current = this.#current;
    if (this.inUse !== undefined && [current, ...signers].includes(this.inUse)) {
      return signers.find((one) => one === this.inUse);
    }
    return (
      signers.find((one) => one !== current && !this.#replaced.has(one)) ??
      signers.find((one) => one === current)
    );
  }
}
