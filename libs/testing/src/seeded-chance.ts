/** Chance that can be repeated: mulberry32. */
export class SeededChance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Two different ones. */
  two<T>(items: readonly T[]): [T, T] {
    const one = this.below(items.length);
    const other = (one + 1 + this.below(items.length - 1)) % items.length;
    return [items[one]!, items[other]!];
  }
}
