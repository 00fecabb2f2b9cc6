import { type EventUnreadable } from './event-unreadable.js';
import { type RecordedEvent } from './postern-event.js';
import { type IncomingRecord } from './structured-event.js';
import { type Topic } from './topics.js';

/** One event on its way: the outbox row as the relay sees it. */
export interface BusRecord {
  readonly topic: Topic;
  readonly key: string;
  readonly event: RecordedEvent;
}

/** Where a record lies. On the embedded bus the partition is the shard, and the offset the position in it. */
export interface RecordPlace {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: string;
}

/** A record that was not handled: it cannot be read (EventUnreadable), or its handler rejected. */
export interface RejectedRecord {
  readonly place: RecordPlace;
  /** As it lies there. */
  readonly record: IncomingRecord;
  /** When it was written, RFC 3339. */
  readonly writtenAt: string;
  readonly error: Error;
}

/**
 * `passed`: the group goes on behind the record. `blocked`: its partition stands still, and it is given again after a
 * pause that grows from one to thirty seconds; the other partitions go on.
 */
export type RejectionVerdict = 'passed' | 'blocked';

/** Who reads which topics, and what stops it. */
export interface Reading {
  /** Consumer group: members share the records, and the group goes on where it stopped. */
  readonly group: string;
  readonly topics: readonly Topic[];
  /** Where a group that has no offset yet begins. */
  readonly from: 'earliest' | 'latest';
  /**
   * `forgotten` is for who only watches: nothing is stored, so nothing waits for the group once it ends, and it begins
   * anew each time. Its name must be its own. Default `stored`.
   */
  readonly offsets?: 'stored' | 'forgotten';
  /** The subscription has ended by itself: it reads no more. */
  readonly onFailure: (error: Error) => void;
  /**
   * Says what becomes of a record that was not handled; whoever dead-letters it resolves when that is durable. A
   * rejection counts as `blocked`. Without it such a record ends the subscription: nothing is lost.
   */
  readonly onRejected?: (rejected: RejectedRecord) => Promise<RejectionVerdict>;
}

export interface Subscription extends Reading {
  /**
   * Gets what was fetched of one partition before `handle` gets it one by one, in order and as the same objects, for who
   * can take many at the cost of one. A word ahead and no more: it must not throw, nothing waits for it, and what is
   * announced may come to another member. Not every bus has something to announce.
   */
  readonly ahead?: (events: readonly RecordedEvent[]) => void;
  /**
   * Gets the records of one key in order, one at a time. The group's offset moves past a record only after its
   * handler resolved. It may take as long as it needs.
   */
  readonly handle: (record: BusRecord, place: RecordPlace) => Promise<void>;
  /**
   * Gets what is no valid event; the group moves past it. For who only watches; others have `onRejected`, which is not
   * asked about such a record then.
   */
  readonly onUnreadable?: (problem: EventUnreadable) => void;
}

/** How far a subscription has come, for a health check. */
export interface SubscriptionProgress {
  /**
   * Milliseconds since it last heard from the bus (also that there is nothing new) while no handler was running, or
   * since the handler that runs began.
   */
  readonly idleMs: number;
  /** Whether it has read, once, all that lay there when it began. */
  readonly caughtUp: boolean;
  /** Partitions that stand still, and why. */
  readonly blocked: readonly { readonly place: RecordPlace; readonly reason: string }[];
}

/** A running subscription. */
export interface SubscriptionHandle {
  readonly progress: SubscriptionProgress;
  /** Resolves when no handler runs any more and the offset is stored. */
  stop(): Promise<void>;
}

/** Carries events, at least once, in order per key. Never what decides a call. */
export abstract class EventBus {
  /**
   * Resolves when every record is durable on the bus. A rejection means that any part of them may have been
   * written: publish the same records again, consumers de-duplicate by event id.
   */
  abstract publish(records: readonly BusRecord[]): Promise<void>;

  abstract subscribe(subscription: Subscription): Promise<SubscriptionHandle>;

  /** Stops every subscription and lets go of connections. */
  abstract close(): Promise<void>;
}
