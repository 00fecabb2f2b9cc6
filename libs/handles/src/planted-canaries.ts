import { type Digest } from '#kernel';
import { type LiveCanaries } from './canary-store.js';
import { digestOfPresented } from './handle-format.js';

/** How often a process should ask which canaries are live. */
export const CANARIES_EVERY_MS = 2_000;

/** The digests of the canaries that are live, in memory: whoever is refused does not wait for a question about them. */
export class PlantedCanaries {
  #ids: ReadonlyMap<Digest, string> = new Map();

  constructor(private readonly lookup: LiveCanaries) {}

  /** Until it succeeds, what was known before counts: that a canary has ended is not urgent. @throws DependencyUnavailable */
  async refresh(): Promise<void> {
    const live = await this.lookup.live();
    this.#ids = new Map(live.map(({ digest, id }) => [digest, id]));
  }

  /** The id of the first that is among these texts. */
  among(texts: () => readonly string[]): string | undefined {
    if (this.#ids.size === 0) return undefined;
    for (const text of texts()) {
      const id = this.#ids.get(digestOfPresented(text));
      if (id !== undefined) return id;
    }
    return undefined;
  }
}
