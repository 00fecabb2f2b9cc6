import { type VersionUse } from './credential-census.js';
import { RecentCalls } from './recent-calls.js';

/** The calls of one instance with one version. */
export interface VersionCount {
  readonly version: number;
  open: number;
  unanswered: number;
  readonly recent: RecentCalls;
}

/** The calls of one instance with one credential, by the version that they use. */
export class VersionUses {
  readonly #counts = new Map<number, VersionCount>();

  /** A call begins. */
  begin(version: number, nowMs: number): VersionCount {
    const count = this.#of(version, nowMs);
    count.recent.add(nowMs);
    return entered(count);
  }

  /** A call that began before goes on with this version. */
  goOn(version: number, nowMs: number): VersionCount {
    return entered(this.#of(version, nowMs));
  }

  openOf(version: number): number {
    return this.#counts.get(version)?.open ?? 0;
  }

  get open(): number {
    let open = 0;
    for (const count of this.#counts.values()) open += count.open;
    return open;
  }

  /** Forgets versions that no call has, and none had within a minute. */
  reported(nowMs: number): VersionUse[] {
    const uses: VersionUse[] = [];
    for (const { version, open, unanswered, recent } of this.#counts.values()) {
      const calls = recent.count(nowMs);
      if (open === 0 && calls === 0) this.#counts.delete(version);
      else uses.push({ version, open, unanswered, recent: calls });
    }
    return uses;
  }

  #of(version: number, nowMs: number): VersionCount {
    let count = this.#counts.get(version);
    if (count === undefined) {
      count = { version, open: 0, unanswered: 0, recent: new RecentCalls(nowMs) };
      this.#counts.set(version, count);
    }
    return count;
  }
}

function entered(count: VersionCount): VersionCount {
  count.open += 1;
  count.unanswered += 1;
  return count;
}
