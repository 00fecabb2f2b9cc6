import {
  type BusRecord,
  EventBus,
  type Subscription,
  type SubscriptionHandle,
  type Topic,
} from '#events';
import { DependencyUnavailable } from '#kernel';

/** What several buses share, as processes share a cluster. */
export class InMemoryTopics {
  readonly records: BusRecord[] = [];
  /** Members of each group, in the order in which they came: the first one reads. */
  readonly members = new Map<string, object[]>();
  readonly #offsets = new Map<string, number>();
  readonly #sleepers = new Set<() => void>();

  /** Where the group goes on in the topic. */
  offset(group: string, topic: Topic): number | undefined {
    return this.#offsets.get(JSON.stringify([group, topic]));
  }

  moveTo(group: string, topic: Topic, offset: number): void {
    this.#offsets.set(JSON.stringify([group, topic]), offset);
  }

  forget(group: string): void {
    for (const name of this.#offsets.keys()) {
      if ((JSON.parse(name) as string[])[0] === group) this.#offsets.delete(name);
    }
  }

  wake(): void {
    for (const sleeper of this.#sleepers) sleeper();
    this.#sleepers.clear();
  }

  change(): Promise<void> {
    return new Promise((resolve) => this.#sleepers.add(resolve));
  }
}

/** A bus in memory, with a switch for outages. One member of a group reads, the others stand by. */
export class InMemoryEventBus extends EventBus {
  readonly #members = new Set<Member>();
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
    this.topics.records.push(...structuredClone(records));
    this.topics.wake();
  }

  override async subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    this.#requireOpen();
    const member = new Member(this.topics, subscription);
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

class Member implements SubscriptionHandle {
  readonly #running: Promise<void>;
  #stopped = false;

  constructor(
    private readonly topics: InMemoryTopics,
    private readonly subscription: Subscription,
  ) {
    const { group } = subscription;
    const start = subscription.from === 'latest' ? topics.records.length : 0;
    for (const topic of subscription.topics) {
      if (topics.offset(group, topic) === undefined) topics.moveTo(group, topic, start);
    }
    topics.members.set(group, [...(topics.members.get(group) ?? []), this]);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.topics.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const index = this.#next();
      if (index === undefined) await this.topics.change();
      else await this.#handle(index);
    }
    const { group } = this.subscription;
    const rest = this.topics.members.get(group)?.filter((member) => member !== this) ?? [];
    this.topics.members.set(group, rest);
    if (this.subscription.offsets === 'forgotten') this.topics.forget(group);
    this.topics.wake();
  }

  #next(): number | undefined {
    const { group, topics } = this.subscription;
    if (this.topics.members.get(group)?.[0] !== this) return undefined;
    const index = this.topics.records.findIndex(
      ({ topic }, place) =>
        topics.includes(topic) && place >= (this.topics.offset(group, topic) ?? 0),
    );
    return index === -1 ? undefined : index;
  }

  async #handle(index: number): Promise<void> {
    const record = this.topics.records[index];
    if (record === undefined) return;
    const { group, handle, onFailure } = this.subscription;
    await handle(structuredClone(record)).then(
      () => this.topics.moveTo(group, record.topic, index + 1),
      (error: unknown) => {
        this.#stopped = true;
        onFailure(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}
