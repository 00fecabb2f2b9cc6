import { type Kafka } from 'kafkajs';
import { type BusRecord, EventBus, type Subscription, type SubscriptionHandle } from '#events';
import { DependencyUnavailable } from '#kernel';
import { kafkaClient, type KafkaConnectOptions, PRODUCER_PATIENCE } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';
import { KafkaGroupMember } from './kafka-group-member.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { KafkaSockets } from './kafka-sockets.js';
import { eventReading } from './kafka-subscription.js';

/**
 * Events on Apache Kafka: CloudEvents in structured mode, tombstones in binary mode, keyed by `partitionkey`. Connects
 * when it is first used, and again by itself. May be used at once by many; publishes take turns.
 */
export class KafkaEventBus extends EventBus {
  readonly #kafka: Kafka;
  readonly #publisher: KafkaPublisher;
  readonly #subscriptions = new Set<KafkaGroupMember>();
  readonly #brokers: readonly string[];
  readonly #onProblem: (message: string) => void;
  readonly #groupSessionMs: number | undefined;
  #closed = false;

  constructor(options: KafkaConnectOptions) {
    super();
    this.#kafka = kafkaClient(options, PRODUCER_PATIENCE);
    const sockets = new KafkaSockets(); // Of the writing half alone: readers keep theirs.
    this.#publisher = new KafkaPublisher(kafkaClient(options, PRODUCER_PATIENCE, sockets), sockets);
    this.#brokers = options.brokers;
    this.#onProblem = options.onProblem;
    this.#groupSessionMs = options.groupSessionMs;
  }

  /** @throws DependencyUnavailable */
  override async publish(records: readonly BusRecord[]): Promise<void> {
    this.#requireOpen();
    try {
      await this.#publisher.publish(records);
    } catch (error) {
      throw kafkaFailure(error, this.#brokers);
    }
  }

  /** @throws DependencyUnavailable when no broker can be reached or a topic is missing. */
  override async subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    this.#requireOpen();
    const member = new KafkaGroupMember(
      {
        kafka: this.#kafka,
        onProblem: this.#onProblem,
        failureOf: (error) => kafkaFailure(error, this.#brokers),
        sessionMs: this.#groupSessionMs,
      },
      eventReading(subscription),
    );
    for (const earlier of this.#subscriptions) {
      if (earlier.hasEnded) this.#subscriptions.delete(earlier);
    }
    this.#subscriptions.add(member); // Before it starts: what closes meanwhile has to stop it.
    await member.start();
    return member;
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#subscriptions].map((member) => member.stop()));
    await this.#publisher.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new DependencyUnavailable('kafka', 'the event bus is closed');
  }
}
