import { CandidateFeed, type CandidateReading, type SubscriptionHandle, TOPICS } from '#events';
import { type KafkaConnectOptions } from './kafka-connection.js';
import { KafkaTopicReaders } from './kafka-topic-readers.js';

/** What a stream processor writes on Apache Kafka: bytes, of which nothing is believed. */
export class KafkaCandidateFeed extends CandidateFeed {
  readonly #readers: KafkaTopicReaders;

  constructor(options: KafkaConnectOptions) {
    super();
    this.#readers = new KafkaTopicReaders(options);
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing. */
  override subscribe({ handle, ...reading }: CandidateReading): Promise<SubscriptionHandle> {
    return this.#readers.begin({
      ...reading,
      topic: TOPICS.detectionCandidates,
      deliver: (placed) => handle(placed),
    });
  }

  override close(): Promise<void> {
    return this.#readers.close();
  }
}
