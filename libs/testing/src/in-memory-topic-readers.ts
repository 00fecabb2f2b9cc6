import { Buffer } from 'node:buffer';
import { type SubscriptionHandle, type Topic } from '#events';
import { InMemoryEventBus } from './in-memory-event-bus.js';
import { InMemoryMember, type InMemoryReading } from './in-memory-event-member.js';
import { type InMemoryTopics } from './in-memory-topics.js';

/** Members of groups that read one topic, which others write: bytes, of which nothing is known. */
export class InMemoryTopicReaders {
  readonly #bus: InMemoryEventBus;
  readonly #members = new Set<InMemoryMember>();

  constructor(
    private readonly topics: InMemoryTopics,
    private readonly topic: Topic,
  ) {
    this.#bus = new InMemoryEventBus(topics);
  }

  /** What somebody wrote to the topic; any bytes. */
  put(key: string | null, value: string | Buffer | null): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.#bus.put(this.topic, { key, value: bytes });
  }

  begin(reading: Omit<InMemoryReading, 'topics'>): SubscriptionHandle {
    const member = new InMemoryMember(this.topics, { ...reading, topics: [this.topic] });
    this.#members.add(member);
    return member;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
  }
}
