import {
  type BusRecord,
  decodeEvent,
  EventBus,
  EventUnreadable,
  type IncomingRecord,
  type RecordedEvent,
  type Subscription,
  type SubscriptionHandle,
  type Topic,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { InMemoryMember, type InMemoryReading } from './in-memory-event-member.js';
import { InMemoryTopics } from './in-memory-topics.js';

/** A bus in memory, with a switch for outages. One member of a group reads, the others stand by. */
export class InMemoryEventBus extends EventBus {
  readonly #members = new Set<InMemoryMember>();
  #outage: Error | undefined;
  #closed = false;

  constructor(private readonly topics = new InMemoryTopics()) {
    super();
  }

  /** What was published, in order, for tests that do not subscribe. */
  get published(): readonly BusRecord[] {
    return this.topics.records;
  }

  /** From now on publishing rejects with this; undefined ends it. */
  failWith(outage: Error | undefined): void {
    this.#outage = outage;
  }

  override async publish(records: readonly BusRecord[]): Promise<void> {
    this.#requireOpen();
    if (this.#outage !== undefined) throw this.#outage;
    for (const record of structuredClone(records)) {
      this.topics.add(record.topic, record.key, { event: record });
    }
    this.topics.wake();
  }

  /** What somebody else put there, who keeps to none of our rules. */
  put(topic: Topic, bytes: IncomingRecord): void {
    this.topics.add(topic, bytes.key?.toString() ?? '', { bytes });
    this.topics.wake();
  }

  override async subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    this.#requireOpen();
    const member = new InMemoryMember(this.topics, eventReading(subscription));
    this.#members.add(member);
    return member;
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#members].map((member) => member.stop()));
  }

  #requireOpen(): void {
    if (this.#closed) throw new DependencyUnavailable('event bus', 'the event bus is closed');
  }
}

/** Events go through the codec, as on a real bus. */
const eventReading = (subscription: Subscription): InMemoryReading => ({
  ...subscription,
  deliver: async (record, place) => {
    const event = read(record, subscription.onUnreadable);
    if (event === undefined) return;
    await subscription.handle({ topic: place.topic, key: event.partitionkey, event }, place);
  },
});

function read(
  record: IncomingRecord,
  onUnreadable: Subscription['onUnreadable'],
): RecordedEvent | undefined {
  // eslint-disable-next-line no-restricted-syntax -- A bus says what it cannot read, and goes on.
  try {
    return decodeEvent(record);
  } catch (error) {
    if (onUnreadable === undefined || !(error instanceof EventUnreadable)) throw error;
    onUnreadable(error);
    return undefined;
  }
}
