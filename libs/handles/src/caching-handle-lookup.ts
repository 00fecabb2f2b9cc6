import { LRUCache } from 'lru-cache';
import { type Clock, type Digest } from '#kernel';
import { type Handle } from './handle.js';
import { HandleLookup } from './handle-store.js';

/** Oldest answer that is used without asking again: the bound within which a revocation is seen everywhere. */
const AGE_MS_MAX = 1_000;
const ENTRIES_MAX = 100_000;

interface Known {
  readonly handle: Handle;
  readonly readAt: number;
}

/**
 * Remembers look-ups for at most one second. Unknown digests have a memory of their own, so that a flood of them pushes
 * no live handle out. One look-up a digest runs at a time; a failure is never remembered, and nothing older than a second
 * is served instead.
 */
export class CachingHandleLookup extends HandleLookup {
  readonly #known: LRUCache<Digest, Known>;
  readonly #unknown: LRUCache<Digest, number>;
  readonly #running = new Map<Digest, Promise<Handle | undefined>>();

  constructor(
    private readonly parts: {
      readonly lookup: HandleLookup;
      readonly clock: Clock;
      readonly entriesMax?: number;
    },
  ) {
    super();
    const max = parts.entriesMax ?? ENTRIES_MAX;
    this.#known = new LRUCache({ max });
    this.#unknown = new LRUCache({ max });
  }

  override async findByDigest(digest: Digest): Promise<Handle | undefined> {
    const youngest = this.parts.clock.now().getTime() - AGE_MS_MAX;
    const known = this.#known.get(digest);
    if (known !== undefined && known.readAt > youngest) return known.handle;
    const unknownSince = this.#unknown.get(digest);
    if (unknownSince !== undefined && unknownSince > youngest) return undefined;
    return this.#lookUpOnce(digest);
  }

  #lookUpOnce(digest: Digest): Promise<Handle | undefined> {
    const running = this.#running.get(digest);
    if (running !== undefined) return running;
    const started = this.#lookUp(digest).finally(() => this.#running.delete(digest));
    this.#running.set(digest, started);
    return started;
  }

  /** The age counts from before the question: what changed while it was answered may be missing from the answer. */
  async #lookUp(digest: Digest): Promise<Handle | undefined> {
    const readAt = this.parts.clock.now().getTime();
    const handle = await this.parts.lookup.findByDigest(digest);
    if (handle === undefined) {
      this.#known.delete(digest);
      this.#unknown.set(digest, readAt);
    } else {
      this.#unknown.delete(digest);
      this.#known.set(digest, { handle, readAt });
    }
    return handle;
  }
}
