import {
  BlockedPartitions,
  partitionName,
  type RecordPlace,
  type SubscriptionProgress,
  type Topic,
} from '#events';

/** Shards of a topic that stand still, and when their record is given again. */
export class EmbeddedBlocks {
  private readonly partitions = new BlockedPartitions();
  /** By partition; in milliseconds of a clock that nobody sets. */
  private readonly pausedUntil = new Map<string, { shard: number; at: number }>();

  get list(): SubscriptionProgress['blocked'] {
    return this.partitions.list;
  }

  block(place: RecordPlace, error: Error): void {
    const at = performance.now() + this.partitions.block(place, error);
    this.pausedUntil.set(partitionName(place), { shard: place.partition, at });
  }

  free(place: RecordPlace): void {
    this.partitions.free(place);
  }

  isPaused(topic: Topic, shard: number): boolean {
    return this.pausedUntil.has(partitionName({ topic, partition: shard }));
  }

  /** The shards with a pause that is over: they are looked at again from where their topics stand. */
  resume(): readonly number[] {
    const due = [...this.pausedUntil].filter(([, { at }]) => at <= performance.now());
    for (const [name] of due) this.pausedUntil.delete(name);
    return due.map(([, { shard }]) => shard);
  }

  clear(): void {
    this.pausedUntil.clear();
    this.partitions.clear();
  }
}
