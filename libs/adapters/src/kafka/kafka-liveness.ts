import { type Consumer } from 'kafkajs';

/** Requests whose answers show that the group and the brokers of its partitions are there. */
const SIGNS_OF_LIFE = new Set(['Fetch', 'Heartbeat']);

/** When a consumer last heard from Kafka. In milliseconds of a clock that nobody sets. */
export class KafkaLiveness {
  #heardAt = performance.now();
  #handlingSince: number | undefined;
  /** Since when each broker owes an answer to a fetch, also when it was asked again meanwhile. */
  readonly #owed = new Map<number, number>();

  constructor(consumer: Consumer) {
    const { events } = consumer;
    consumer.on(events.REQUEST, ({ payload: { apiName } }) => {
      if (SIGNS_OF_LIFE.has(apiName)) this.#heardAt = performance.now();
    });
    consumer.on(events.FETCH_START, ({ payload: { nodeId } }) => {
      if (!this.#owed.has(nodeId)) this.#owed.set(nodeId, performance.now());
    });
    consumer.on(events.FETCH, ({ payload: { nodeId } }) => {
      this.#owed.delete(nodeId);
    });
    // The partitions may lie elsewhere now.
    consumer.on(events.GROUP_JOIN, () => {
      this.#owed.clear();
      this.#heardAt = performance.now();
    });
  }

  /** See SubscriptionProgress. One broker of several that owes an answer counts, although the others give theirs. */
  get idleMs(): number {
    const since = this.#handlingSince ?? Math.min(this.#heardAt, ...this.#owed.values());
    return Math.round(performance.now() - since);
  }

  async whileHandling<T>(work: () => Promise<T>): Promise<T> {
    this.#handlingSince = performance.now();
    try {
      return await work();
    } finally {
      this.#handlingSince = undefined;
      this.#heardAt = performance.now();
    }
  }
}
