import { type BusRecord } from './event-bus.js';

/** Number of outbox shards. A key always falls into the same one. */
export const OUTBOX_SHARDS = 16;

export interface OutboxBatch {
  /** In the order in which they must be published. */
  readonly records: readonly BusRecord[];
  /** How many of them were sent before, and it is not known whether they arrived. */
  readonly repeats: number;
  /**
   * Asks before the send, without waiting, whether the leases can still be one's own: a process that was stopped and
   * goes on must not send what another has sent meanwhile. @throws OutboxLeaseLost
   */
  assertLeased(): void;
  /** Marks all of them as published; rejects, and marks none, when the shard lease was lost. */
  markPublished(): Promise<void>;
  /** Notes that they were sent, and that nobody knows whether they arrived. */
  countAttempt(): Promise<void>;
}

/** The relay's side of the outbox: leases shards, reads what is not yet published, marks it. */
export abstract class Outbox {
  /**
   * Takes shards that no other relay holds, up to a fair share of all relays, gives those beyond the share up, and keeps
   * the rest. Returns the shards held now. A shard is held by one relay at a time; when its holder dies, or stands
   * still for longer than the lease's time, the shard is free. Not while a batch is being published: what is given up
   * must not be in flight.
   */
  abstract lease(): Promise<readonly number[]>;

  /**
   * The oldest unpublished records of the leased shards, at most `limit`; undefined when there are none.
   * @throws OutboxLeaseLost when a lease is gone: stop before the next send.
   */
  abstract next(limit: number): Promise<OutboxBatch | undefined>;

  /** What waits, in all shards, whoever holds them. May be asked at any time. */
  abstract backlog(): Promise<OutboxBacklog>;

  /** Gives the leases up. */
  abstract close(): Promise<void>;
}

/** Tells how much waits in the outbox, to whoever writes there. */
export abstract class OutboxGauge {
  /**
   * In all shards. Exact, up to the average size of events; of a backlog so long that it takes more than a second to
   * count it, each shard's figures are those of the last time that it was its turn. @throws DependencyUnavailable
   */
  abstract measure(): Promise<OutboxBacklog>;
}

export interface Backlog {
  readonly records: number;
  /** Of the events as JSON. */
  readonly bytes: number;
  /** 0 when there is none. */
  readonly oldestAgeSeconds: number;
}

export interface OutboxBacklog extends Backlog {
  /** By shard, 0 to 15. */
  readonly shards: readonly Backlog[];
}

/** The sum of the shards. */
export const backlogOf = (shards: readonly Backlog[]): OutboxBacklog => ({
  records: shards.reduce((sum, { records }) => sum + records, 0),
  bytes: shards.reduce((sum, { bytes }) => sum + bytes, 0),
  oldestAgeSeconds: Math.max(0, ...shards.map(({ oldestAgeSeconds }) => oldestAgeSeconds)),
  shards,
});
