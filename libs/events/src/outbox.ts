import { type BusRecord } from './event-bus.js';

/** Number of outbox shards. A key always falls into the same one. */
export const OUTBOX_SHARDS = 16;

export interface OutboxBatch {
  /** In the order in which they must be published. */
  readonly records: readonly BusRecord[];
  /** Marks all of them as published; rejects, and marks none, when the shard lease was lost. */
  markPublished(): Promise<void>;
}

/** The relay's side of the outbox: leases shards, reads what is not yet published, marks it. */
export abstract class Outbox {
  /**
   * Takes every shard that no other relay holds, and keeps those that it has. Returns the shards held now. A shard
   * is held by one relay at a time; when its holder dies the shard is free at once.
   */
  abstract lease(): Promise<readonly number[]>;

  /**
   * The oldest unpublished records of the leased shards, at most `limit`; undefined when there are none.
   * @throws OutboxLeaseLost when a lease is gone: stop before the next send.
   */
  abstract next(limit: number): Promise<OutboxBatch | undefined>;

  /** How old the oldest unpublished record is, in seconds, and how many there are. */
  abstract backlog(): Promise<OutboxBacklog>;

  /** Gives the leases up. */
  abstract close(): Promise<void>;
}

export interface OutboxBacklog {
  readonly records: number;
  readonly oldestAgeSeconds: number;
}
