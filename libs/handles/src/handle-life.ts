import { LRUCache } from 'lru-cache';
import { entriesAtMost } from './entries-at-most.js';
import { type Handle } from './handle.js';
import { assertUsable } from './handle-refused.js';

const ENTRIES_MAX = 100_000;

/**
 * Judges whether handles are usable, and remembers which it has seen expired: such a one stays expired for as long as
 * this object lives, also when the clock is set back. One that it never saw expired it judges by the clock alone: a
 * process has one, for all that judge handles.
 */
export class HandleLife {
  /** By the id of the handle. */
  readonly #expired: LRUCache<string, true>;

  /** @param entriesMax Handles that are remembered; the one asked for the longest ago goes first. Default 100,000. */
  constructor(entriesMax: number = ENTRIES_MAX) {
    this.#expired = new LRUCache(entriesAtMost(entriesMax));
  }

  /**
   * A handle is dead at the instant it expires, and from then on.
   * @throws HandleRevoked, HandleSuspended, HandleExpired
   */
  assertUsable(handle: Handle, now: Date): void {
    const { id, expiresAt } = handle;
    if (expiresAt.getTime() <= now.getTime()) this.#expired.set(id, true);
    assertUsable(handle, this.#expired.get(id) === undefined ? now : expiresAt);
  }
}
