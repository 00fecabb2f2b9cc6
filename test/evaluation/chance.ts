const TWO_TO_32 = 4_294_967_296;
const ID_CHARACTERS = 22;

/** Chance that can be repeated: mulberry32. What is forked by name stays the same when other names come or go. */
export class Chance {
  #state: number;

  constructor(private readonly seed: number) {
    this.#state = seed >>> 0;
  }

  fork(name: string): Chance {
    let hash = 2_166_136_261 ^ this.seed;
    for (let index = 0; index < name.length; index += 1) {
      hash = Math.imul(hash ^ name.charCodeAt(index), 16_777_619);
    }
    return new Chance(new Chance(hash).#bits());
  }

  /** At least 0, less than 1. */
  next(): number {
    return this.#bits() / TWO_TO_32;
  }

  between(from: number, until: number): number {
    return from + this.next() * (until - from);
  }

  /** A whole number of `from` to `to`. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  lognormal(median: number, sigma: number): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
    return median * Math.exp(sigma * normal);
  }

  /** How often something happens that does so independently: `mean` times. */
  poisson(mean: number): number {
    let count = 0;
    for (let left = this.exponential(1); left < mean; left += this.exponential(1)) count += 1;
    return count;
  }

  hex(characters: number): string {
    let text = '';
    while (text.length < characters) text += this.#bits().toString(16).padStart(8, '0');
    return text.slice(0, characters);
  }

  /** As Postern's public ids look: 22 characters. */
  id(prefix: string): string {
    return `${prefix}_${this.hex(ID_CHARACTERS)}`;
  }

  uuid(atMs: number): string {
    const time = Math.floor(atMs).toString(16).padStart(12, '0');
    const random = this.hex(18);
    const parts = [time.slice(0, 8), time.slice(8), `7${random.slice(0, 3)}`];
    return [...parts, `8${random.slice(3, 6)}`, random.slice(6)].join('-');
  }

  #bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
