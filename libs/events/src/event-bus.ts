import { type EventUnreadable } from './event-unreadable.js';
import { type Topic } from './topics.js';
import { type RecordedEvent } from './postern-event.js';

/** One event on its way: the outbox row as the relay sees it. */
export interface BusRecord {
  readonly topic: Topic;
  readonly key: string;
  readonly event: RecordedEvent;
}

export interface Subscription {
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
  /**
   * Gets the records of one key in order, one at a time. The group's offset moves past a record only after its
   * handler resolved; a rejection stops the subscription (`onFailure` says why) and loses nothing.
   */
  readonly handle: (record: BusRecord) => Promise<void>;
  readonly onFailure: (error: Error) => void;
  /**
   * Gets what is no valid event; the group moves past it. Without it such a record stops the subscription, since to
   * pass over what cannot be read may lose something that mattered.
   */
  readonly onUnreadable?: (problem: EventUnreadable) => void;
}

/** A running subscription. */
export interface SubscriptionHandle {
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
