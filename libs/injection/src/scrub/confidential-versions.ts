/**
 * The values of all versions of one secret that one resource has in memory. None may come back in any answer, whichever
 * version its call was sent with: a destination that shows what others sent shows it in a stream that began before a
 * rotation too. Prints as nothing.
 */
export class ConfidentialVersions {
  #texts: readonly string[] = [];

  /** The same array until `are`. */
  readonly texts = (): readonly string[] => this.#texts;

  are(texts: readonly string[]): void {
    this.#texts = texts;
  }
}
