import { blockReasonOf } from './error-class.js';
import { type RecordPlace, type SubscriptionProgress } from './event-bus.js';
import { type Topic } from './topics.js';

const PAUSE_FIRST_MS = 1_000;
const PAUSE_MOST_MS = 30_000;

interface Block {
  readonly place: RecordPlace;
  readonly reason: string;
  readonly pauseMs: number;
}

type Partition = Pick<RecordPlace, 'topic' | 'partition'>;

/** The partitions of one subscription that stand still at a record, and how long until it is given again. */
export class BlockedPartitions {
  readonly #blocks = new Map<string, Block>();

  /** Milliseconds until the record is given again: one second, then twice as long each time, thirty at most. */
  block(place: RecordPlace, error: Error): number {
    const earlier = this.#blocks.get(partitionName(place));
    const pauseMs =
      earlier?.place.offset === place.offset
        ? Math.min(earlier.pauseMs * 2, PAUSE_MOST_MS)
        : PAUSE_FIRST_MS;
    this.#blocks.set(partitionName(place), { place, reason: blockReasonOf(error), pauseMs });
    return pauseMs;
  }

  /** The record at which it stood is behind it. */
  free(partition: Partition): void {
    this.#blocks.delete(partitionName(partition));
  }

  has(topic: Topic, partition: number): boolean {
    return this.#blocks.has(partitionName({ topic, partition }));
  }

  clear(): void {
    this.#blocks.clear();
  }

  get list(): SubscriptionProgress['blocked'] {
    return [...this.#blocks.values()].map(({ place, reason }) => ({ place, reason }));
  }
}

export const partitionName = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${topic}/${partition}`;
