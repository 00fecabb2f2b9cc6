import { type Clock } from '#kernel';
import { OUTBOX_SHARDS } from './outbox.js';
import { type RecordedEvent } from './postern-event.js';

/** What one canary told. */
export interface CanarySighting {
  readonly shard: number;
  /** From the making of the event to its being read. */
  readonly delaySeconds: number;
  /** Canaries of its shard that should have come before it and have not. */
  readonly missing: number;
  /** It came before. */
  readonly repeated: boolean;
}

interface Seen {
  readonly sequence: number;
  readonly at: Date;
}

/**
 * Keeps count of canaries as they come back: `sequence` is gap-free by key, so that what is lost or comes twice is seen.
 * Begins with the first that it sees of each shard.
 */
export class CanaryTally {
  readonly #seen = new Map<number, Seen>();
  readonly #beganAt: Date;

  constructor(private readonly clock: Clock) {
    this.#beganAt = clock.now();
  }

  /** Undefined when the event is no canary. */
  saw({ type, time, sequence: digits, data }: RecordedEvent): CanarySighting | undefined {
    if (type !== 'dev.postern.canary.beat.v1' || !('shard' in data)) return undefined;
    const { shard } = data as { readonly shard: number };
    const [now, sequence] = [this.clock.now(), Number(digits)];
    const before = this.#seen.get(shard)?.sequence ?? sequence - 1;
    const repeated = sequence <= before;
    this.#seen.set(shard, { sequence: Math.max(before, sequence), at: now });
    return {
      shard,
      delaySeconds: (now.getTime() - new Date(time).getTime()) / 1000,
      missing: repeated ? 0 : sequence - before - 1,
      repeated,
    };
  }

  /** By shard, seconds since its last canary came, or since the counting began. */
  get agesSeconds(): readonly number[] {
    const now = this.clock.now().getTime();
    return Array.from({ length: OUTBOX_SHARDS }, (_, shard) => {
      const since = this.#seen.get(shard)?.at ?? this.#beganAt;
      return (now - since.getTime()) / 1000;
    });
  }
}
