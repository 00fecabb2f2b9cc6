import { type Kafka } from 'kafkajs';
import { type Reading, type SubscriptionHandle, type Topic } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PlacedRecord } from './kafka-batch.js';
import { CONSUMER_PATIENCE, kafkaClient, type KafkaConnectOptions } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaGroupMember } from './kafka-group-member.js';

/** `topic`: by its name, as it may be the operator's own. */
export interface TopicReading extends Omit<Reading, 'topics'> {
  readonly topic: string;
  readonly deliver: (placed: PlacedRecord) => Promise<void>;
}

/** Members of groups, of which each reads one topic that others write: bytes, of which nothing is known. */
export class KafkaTopicReaders {
  readonly #kafka: Kafka;
  readonly #members = new Set<KafkaGroupMember>();
  #closed = false;

  constructor(private readonly options: KafkaConnectOptions) {
    this.#kafka = kafkaClient(options, CONSUMER_PATIENCE);
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing. */
  async begin({ topic, ...reading }: TopicReading): Promise<SubscriptionHandle> {
    if (this.#closed) throw new DependencyUnavailable('kafka', `${topic} is closed`);
    const { brokers, onProblem } = this.options;
    const member = new KafkaGroupMember(
      { kafka: this.#kafka, onProblem, failureOf: (error) => kafkaFailure(error, brokers) },
      { ...reading, topics: [topic as Topic] }, // To a group a topic is its name.
    );
    for (const earlier of this.#members) if (earlier.hasEnded) this.#members.delete(earlier);
    this.#members.add(member); // Before it starts: what closes meanwhile has to stop it.
    await member.start();
    return member;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#members].map((member) => member.stop()));
  }
}
