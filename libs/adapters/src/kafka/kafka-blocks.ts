import {
  BlockedPartitions,
  partitionName,
  type RecordPlace,
  type SubscriptionProgress,
} from '#events';

interface Resumption {
  readonly timer: NodeJS.Timeout;
  readonly resume: () => void;
}

/** The partitions of one member that stand still: nothing is fetched of them until their pause is over. */
export class KafkaBlocks {
  readonly #partitions = new BlockedPartitions();
  readonly #resumptions = new Map<string, Resumption>();

  get list(): SubscriptionProgress['blocked'] {
    return this.#partitions.list;
  }

  /** `pause` stops the fetching of the partition and gives what takes it up again. */
  block(place: RecordPlace, error: Error, pause: () => () => void): void {
    const pauseMs = this.#partitions.block(place, error);
    const resume = pause();
    const name = partitionName(place);
    const timer = setTimeout(() => {
      this.#resumptions.delete(name);
      resume();
    }, pauseMs);
    this.#resumptions.set(name, { timer, resume });
  }

  free(place: RecordPlace): void {
    this.#partitions.free(place);
  }

  /** Whoever has those partitions from now on is given their records anew. */
  clear(): void {
    for (const { timer, resume } of this.#resumptions.values()) {
      clearTimeout(timer);
      resume();
    }
    this.#resumptions.clear();
    this.#partitions.clear();
  }
}
