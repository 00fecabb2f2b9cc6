/** Shift tables work on blocks of two bytes. */
const BLOCKS = 65_536;
/** Longest prefix of the terms that the shifts are computed from; they must fit a byte. */
const WINDOW_MAX = 128;

/** Start and end (exclusive) of each occurrence, in the order of the starts: start, end, start, end ... */
export type Spans = readonly number[];

/** No occurrence: one array for all, since it is the usual answer. */
const NONE: Spans = [];

/** Looks for terms in bytes. */
export interface TermSearch {
  /** All occurrences, overlapping ones too. */
  occurrences(bytes: Buffer): Spans;
  /** Where the last bytes begin that could be the beginning of a term that goes on behind them; the length when nowhere. */
  unfinishedFrom(bytes: Buffer): number;
}

/**
 * Finds all occurrences of a set of terms, by the algorithm of Wu and Manber (1994): the last two bytes of a window as
 * long as the shortest term tell how far the window can move, so that most bytes are never looked at.
 */
export class TermMatcher implements TermSearch {
  readonly #window: number;
  readonly #shifts: Uint8Array;
  /** Terms by the last block of their first window. */
  readonly #candidates = new Map<number, Buffer[]>();
  readonly #byFirst: (Buffer[] | undefined)[] = new Array<Buffer[] | undefined>(256).fill(
    undefined,
  );
  readonly #longest: number;

  /** @throws RangeError without terms, or when one is shorter than two bytes */
  constructor(terms: readonly Buffer[]) {
    const shortest = Math.min(...terms.map(({ length }) => length));
    if (!(shortest >= 2 && shortest < Infinity)) throw new RangeError('no terms, or one too short');
    this.#longest = Math.max(...terms.map(({ length }) => length));
    this.#window = Math.min(shortest, WINDOW_MAX);
    this.#shifts = new Uint8Array(BLOCKS).fill(this.#window - 1);
    for (const term of terms) this.#add(term);
  }

  #add(term: Buffer): void {
    const last = this.#window - 1;
    for (let index = 1; index <= last; index += 1) {
      const block = term.readUInt16BE(index - 1);
      const shift = last - index;
      if ((this.#shifts[block] ?? 0) > shift) this.#shifts[block] = shift;
    }
    const block = term.readUInt16BE(last - 1);
    this.#candidates.set(block, [...(this.#candidates.get(block) ?? []), term]);
    const first = term.readUInt8(0);
    this.#byFirst[first] = [...(this.#byFirst[first] ?? []), term];
  }

  occurrences(bytes: Buffer): Spans {
    const shifts = this.#shifts;
    let spans: number[] | undefined;
    let end = this.#window - 1;
    while (end < bytes.length) {
      // Both indices are inside of the buffer.
      const block = ((bytes[end - 1] ?? 0) << 8) | (bytes[end] ?? 0);
      const shift = shifts[block] ?? 0;
      if (shift === 0) this.#verify(bytes, end, block, (spans ??= []));
      end += shift === 0 ? 1 : shift;
    }
    return spans ?? NONE;
  }

  /** Which of the terms whose window ends with this block are there in full. */
  #verify(bytes: Buffer, end: number, block: number, spans: number[]): void {
    const start = end - this.#window + 1;
    for (const term of this.#candidates.get(block) ?? []) {
      if (isAt(bytes, start, term)) spans.push(start, start + term.length);
    }
  }

  unfinishedFrom(bytes: Buffer): number {
    const { length } = bytes;
    for (let start = Math.max(0, length - this.#longest + 1); start < length; start += 1) {
      const terms = this.#byFirst[bytes[start] ?? 0];
      if (terms !== undefined && beginsAny(bytes, start, terms)) return start;
    }
    return length;
  }
}

function isAt(bytes: Buffer, start: number, term: Buffer): boolean {
  return start + term.length <= bytes.length && agree(bytes, start, term, term.length);
}

/** Whether all bytes from `start` on are the first bytes of a term that is longer. */
function beginsAny(bytes: Buffer, start: number, terms: readonly Buffer[]): boolean {
  const available = bytes.length - start;
  for (const term of terms) {
    if (term.length > available && agree(bytes, start, term, available)) return true;
  }
  return false;
}

function agree(bytes: Buffer, start: number, term: Buffer, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    if (bytes[start + index] !== term[index]) return false;
  }
  return true;
}
