import { type TermSearch } from './term-matcher.js';

const MASK = 0x2a; // "*"
const EMPTY = Buffer.alloc(0);

/**
 * Replaces every occurrence of the terms in a stream of chunks by asterisks of the same length, wherever the chunks are
 * cut. Holds back only bytes that could be the beginning of a term; a chunk without any passes as it is, uncopied.
 */
export class StreamScrubber {
  #held: Buffer = EMPTY;
  /** How many of the held bytes belong to an occurrence that began before them. */
  #maskedTo = 0;
  #hits = 0;

  constructor(private readonly matcher: TermSearch) {}

  /** Occurrences replaced so far; those that overlap count once. */
  get hits(): number {
    return this.#hits;
  }

  /** Takes a chunk, and gives what may go out. */
  push(chunk: Buffer): Buffer {
    const known = this.#held.length;
    const bytes = known === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return this.release(bytes, known, this.matcher.unfinishedFrom(bytes));
  }

  /** Gives what is left when nothing follows. */
  end(): Buffer {
    const rest = this.#held;
    return rest.length === 0 ? rest : this.release(rest, rest.length, rest.length);
  }

  /** `known` bytes were seen before: occurrences inside of them are counted. From `keepFrom` on bytes are held back. */
  private release(bytes: Buffer, known: number, keepFrom: number): Buffer {
    const spans = this.matcher.occurrences(bytes);
    const maskedTo = this.#maskedTo;
    this.#held = keepFrom === bytes.length ? EMPTY : Buffer.from(bytes.subarray(keepFrom));
    this.#maskedTo = Math.max(0, maskedTo - keepFrom);
    if (spans.length === 0 && maskedTo === 0) return bytes.subarray(0, keepFrom);
    const released = Buffer.from(bytes.subarray(0, keepFrom));
    released.fill(MASK, 0, Math.min(maskedTo, keepFrom));
    this.mask(released, spans, { known, maskedTo });
    return released;
  }

  private mask(
    released: Buffer,
    spans: readonly number[],
    seen: { known: number; maskedTo: number },
  ): void {
    let coveredTo = seen.maskedTo;
    for (let index = 0; index < spans.length; index += 2) {
      const start = spans[index] ?? 0;
      const end = spans[index + 1] ?? 0;
      if (start >= coveredTo && end > seen.known) this.#hits += 1;
      coveredTo = Math.max(coveredTo, end);
      if (start >= released.length) continue; // Held back: found again with what follows.
      released.fill(MASK, start, Math.min(end, released.length));
      this.#maskedTo = Math.max(this.#maskedTo, end - released.length);
    }
  }
}
