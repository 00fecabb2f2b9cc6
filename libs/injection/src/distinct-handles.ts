/** Time over which distinct handles of a peer are counted. */
const WINDOW_MS = 1_000;
/** Distinct handles of one peer that are told apart in that time. */
export const APART_PER_PEER_MAX = 32;
/** Of all peers together: far fewer than a journal of sums can tell apart. */
export const APART_MAX = 2_000;

interface Window {
  readonly startedAtMs: number;
  readonly seen: Set<string>;
}

/**
 * Which handles of a flood are told apart: the first so many of a peer in a second, so that one that was stolen is not
 * hidden among a few that were made up, and a peer that makes up thousands does not fill the journal.
 */
export class DistinctHandles {
  /** The oldest first. */
  readonly #windows = new Map<string, Window>();
  #apart = 0;

  /** Whether this handle is told apart from the others of its peer. */
  isApart(peer: string, fingerprint: string, nowMs: number): boolean {
    this.#forgetBefore(nowMs);
    const window = this.#windows.get(peer);
    if (window?.seen.has(fingerprint) === true) return true;
    if (this.#apart >= APART_MAX) return false;
    if (window === undefined) {
      this.#windows.set(peer, { startedAtMs: nowMs, seen: new Set([fingerprint]) });
    } else {
      if (window.seen.size >= APART_PER_PEER_MAX) return false;
      window.seen.add(fingerprint);
    }
    this.#apart += 1;
    return true;
  }

  /** A clock that was set back ends windows too: they would stay otherwise. */
  #forgetBefore(nowMs: number): void {
    for (const [peer, { startedAtMs, seen }] of this.#windows) {
      if (nowMs >= startedAtMs && nowMs - startedAtMs < WINDOW_MS) return;
      this.#windows.delete(peer);
      this.#apart -= seen.size;
    }
  }
}
