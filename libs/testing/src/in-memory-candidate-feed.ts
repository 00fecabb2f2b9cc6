import { Buffer } from 'node:buffer';
import {
  CandidateFeed,
  type IncomingCandidate,
  type Reading,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { InMemoryEventBus } from './in-memory-event-bus.js';
import { InMemoryMember } from './in-memory-event-member.js';
import { InMemoryTopics } from './in-memory-topics.js';

/** A topic of candidates in memory: what is put there comes out as the bytes that it is. */
export class InMemoryCandidateFeed extends CandidateFeed {
  readonly #bus: InMemoryEventBus;
  readonly #members = new Set<InMemoryMember>();

  constructor(private readonly topics = new InMemoryTopics()) {
    super();
    this.#bus = new InMemoryEventBus(topics);
  }

  /** What somebody wrote to the topic; null: it was taken back. */
  put(key: string | null, value: string | Buffer | null): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.#bus.put(TOPICS.detectionCandidates, { key, value: bytes });
  }

  override async subscribe(
    reading: Omit<Reading, 'topics'> & {
      readonly handle: (incoming: IncomingCandidate) => Promise<void>;
    },
  ): Promise<SubscriptionHandle> {
    const { handle, ...rest } = reading;
    const member = new InMemoryMember(this.topics, {
      ...rest,
      topics: [TOPICS.detectionCandidates],
      deliver: (record, place) => handle({ record, place }),
    });
    this.#members.add(member);
    return member;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
  }
}
