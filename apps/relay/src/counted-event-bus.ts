import { type BusRecord, EventBus, type Subscription, type SubscriptionHandle } from '#events';
import { type Metrics } from '#platform';

/**
 * The bus that the relay writes to, with a count of what got through, by type: how many exchanges were permitted and
 * denied, how many calls were made. Counts a repeat again, as the bus has it twice.
 */
export class CountedEventBus extends EventBus {
  readonly #published: ReturnType<Metrics['counter']>;

  constructor(
    private readonly bus: EventBus,
    metrics: Metrics,
  ) {
    super();
    this.#published = metrics.counter(
      'events_published_total',
      'Events that became durable on the bus, by type',
      ['type'],
    );
  }

  override async publish(records: readonly BusRecord[]): Promise<void> {
    await this.bus.publish(records);
    for (const { event } of records) this.#published.inc({ type: event.type });
  }

  override subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    return this.bus.subscribe(subscription);
  }

  override close(): Promise<void> {
    return this.bus.close();
  }
}
