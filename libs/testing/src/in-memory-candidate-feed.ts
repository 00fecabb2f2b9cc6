import { type Buffer } from 'node:buffer';
import { CandidateFeed, type CandidateReading, type SubscriptionHandle, TOPICS } from '#events';
import { InMemoryTopicReaders } from './in-memory-topic-readers.js';
import { InMemoryTopics } from './in-memory-topics.js';

/** A topic of candidates in memory: what is put there comes out as the bytes that it is. */
export class InMemoryCandidateFeed extends CandidateFeed {
  readonly #readers: InMemoryTopicReaders;

  constructor(topics = new InMemoryTopics()) {
    super();
    this.#readers = new InMemoryTopicReaders(topics, TOPICS.detectionCandidates);
  }

  /** What somebody wrote to the topic; null: it was taken back. */
  put(key: string | null, value: string | Buffer | null): void {
    this.#readers.put(key, value);
  }

  override async subscribe({ handle, ...reading }: CandidateReading): Promise<SubscriptionHandle> {
    return this.#readers.begin({
      ...reading,
      deliver: (record, place) => handle({ record, place }),
    });
  }

  override close(): Promise<void> {
    return this.#readers.close();
  }
}
