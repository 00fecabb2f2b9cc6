import { searchTerms } from './search-terms.js';
import { type Spans, TermMatcher, type TermSearch } from './term-matcher.js';

/** Gives the same array for as long as its texts are the same. */
export type Confidential = () => readonly string[];

/**
 * Searches for texts that may change while an answer streams, such as with a challenge, or when another version of the
 * secret comes into use. Built anew only when the texts are others. Prints as nothing.
 */
export class LiveSearch implements TermSearch {
  #given: readonly (readonly string[])[];
  #texts: ReadonlySet<string>;
  #matcher: TermMatcher;

  /** @throws CredentialUnusable */
  constructor(readonly sources: readonly Confidential[]) {
    this.#given = sources.map((source) => source());
    this.#texts = new Set(this.#given.flat());
    this.#matcher = matcherOf(this.#texts);
  }

  occurrences(bytes: Buffer): Spans {
    return this.#current().occurrences(bytes);
  }

  unfinishedFrom(bytes: Buffer): number {
    return this.#current().unfinishedFrom(bytes);
  }

  #current(): TermMatcher {
    for (let index = 0; index < this.sources.length; index += 1) {
      if (this.sources[index]?.() !== this.#given[index]) return this.#changed();
    }
    return this.#matcher;
  }

  #changed(): TermMatcher {
    this.#given = this.sources.map((source) => source());
    const texts = new Set(this.#given.flat());
    const isSame =
      texts.size === this.#texts.size && [...texts].every((text) => this.#texts.has(text));
    if (isSame) return this.#matcher;
    this.#texts = texts;
    this.#matcher = matcherOf(texts);
    return this.#matcher;
  }
}

const matcherOf = (texts: ReadonlySet<string>): TermMatcher =>
  new TermMatcher(searchTerms([...texts]));
