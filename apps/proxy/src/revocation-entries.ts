import { type RecordedEvent, type RecordPlace } from '#events';
import { type Handle } from '#handles';
import { type Clock } from '#kernel';
import { type Metrics } from '#platform';
import { DoubtedHandles, type RevocationEntry } from './doubted-handles.js';

/** Entries that come within this time are taken together: each time what is remembered is gone through once. */
const GATHERED_MS = 20;
/** After they were taken, as many times as long as that took nothing is done for them: whoever revokes all the time stops no proxy. */
const RESTS = 9;
/** But no longer: so soon the re-check finds what they are about in any case. */
const REST_MS_MAX = 500;

export interface RevocationEntriesParts {
  /** See InjectionPipeline. */
  readonly proxy: { doubt(matches: (handle: Handle) => boolean): Promise<void> };
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whether all that lay there when reading began has been read. */
  readonly isCaughtUp: () => boolean;
}

/**
 * Entries of the revocation state, as they come. They decide nothing: the handles that they may be about are looked up
 * anew, and PostgreSQL says which have ended. So an entry that is late, comes twice or was made up does no harm.
 */
export class RevocationEntries {
  readonly #seen: ReturnType<Metrics['counter']>;
  readonly #seconds: ReturnType<Metrics['histogram']>;
  readonly #gathered: RevocationEntry[] = [];
  /** When those were written, milliseconds since 1970; of old ones that only had to be loaded nothing is measured. */
  readonly #writtenAtMs: number[] = [];
  /** The last offset of each partition: what lies there is read again when the bus was gone. */
  readonly #offsets = new Map<number, bigint>();
  #timer: NodeJS.Timeout | undefined;
  #restsUntilMs = 0;
  readonly #underWay = new Set<Promise<void>>();

  constructor(private readonly parts: RevocationEntriesParts) {
    const { metrics } = parts;
    this.#seen = metrics.counter(
      'revocation_entries_total',
      'Entries of the revocation state that were read from the event bus',
    );
    this.#seconds = metrics.histogram(
      'revocation_seconds',
      'From an entry of the revocation state to the end of what it is about in this process',
    );
  }

  take({ data, time }: RecordedEvent<'dev.postern.revocation.state.v1'>, place: RecordPlace): void {
    this.#seen.inc();
    this.#gathered.push(data);
    if (this.#isNew(place)) this.#writtenAtMs.push(Date.parse(time));
    this.#timer ??= setTimeout(() => this.#flush(), this.#delayMs());
  }

  /** Resolves when nothing that was taken is under way any more. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#flush();
    await Promise.all(this.#underWay);
  }

  #isNew({ partition, offset }: RecordPlace): boolean {
    const last = this.#offsets.get(partition) ?? -1n;
    const isNew = BigInt(offset) > last;
    if (isNew) this.#offsets.set(partition, BigInt(offset));
    return isNew && this.parts.isCaughtUp();
  }

  #delayMs(): number {
    return Math.max(GATHERED_MS, this.#restsUntilMs - performance.now());
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const beganMs = performance.now();
    const doubted = new DoubtedHandles();
    for (const entry of this.#gathered.splice(0)) doubted.add(entry);
    const doubting = this.#doubt(doubted, this.#writtenAtMs.splice(0)).finally(() => {
      this.#underWay.delete(doubting);
    });
    this.#underWay.add(doubting);
    const endedMs = performance.now(); // What costs is done by now; the answer is not waited for.
    this.#restsUntilMs = endedMs + Math.min(REST_MS_MAX, RESTS * (endedMs - beganMs));
  }

  async #doubt({ matches }: DoubtedHandles, writtenAtMs: readonly number[]): Promise<void> {
    try {
      await this.parts.proxy.doubt(matches);
    } catch {
      return; // The re-check was told, and asks again.
    }
    const nowMs = this.parts.clock.now().getTime();
    for (const atMs of writtenAtMs) this.#seconds.observe(Math.max(0, nowMs - atMs) / 1_000);
  }
}
