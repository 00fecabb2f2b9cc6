import {
  BlockedPartitions,
  encodeEvent,
  type IncomingRecord,
  outcomeOf,
  type Reading,
  type RecordPlace,
  type SubscriptionHandle,
  type SubscriptionProgress,
} from '#events';
import { type InMemoryEntry, type InMemoryTopics } from './in-memory-topics.js';

const WRITTEN_AT = '2026-11-21T00:00:00.000Z';

export interface InMemoryReading extends Reading {
  readonly deliver: (record: IncomingRecord, place: RecordPlace) => Promise<void>;
}

/** A member of a group on the in-memory bus. */
export class InMemoryMember implements SubscriptionHandle {
  readonly #running: Promise<void>;
  readonly #blocked = new BlockedPartitions();
  readonly #pauses = new Map<string, NodeJS.Timeout>();
  /** What lay there when it began ends here. */
  readonly #lying: number;
  #heardAt = performance.now();
  #caughtUp = false;
  #stopped = false;

  constructor(
    private readonly topics: InMemoryTopics,
    private readonly subscription: InMemoryReading,
  ) {
    const { group, from } = subscription;
    this.#lying = topics.entries.length;
    topics.begin(group, subscription.topics, from === 'latest' ? this.#lying : 0);
    topics.members.set(group, [...(topics.members.get(group) ?? []), this]);
    this.#running = this.#run();
  }

  get progress(): SubscriptionProgress {
    return {
      idleMs: Math.round(performance.now() - this.#heardAt),
      caughtUp: this.#caughtUp,
      blocked: this.#blocked.list,
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.topics.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const index = this.#next();
      this.#caughtUp ||= this.#blocked.list.length === 0 && (index ?? this.#lying) >= this.#lying;
      if (index === undefined) await this.#change();
      else await this.#offer(index);
    }
    for (const timer of this.#pauses.values()) clearTimeout(timer);
    const { group } = this.subscription;
    const rest = this.topics.members.get(group)?.filter((member) => member !== this) ?? [];
    this.topics.members.set(group, rest);
    if (this.subscription.offsets === 'forgotten') this.topics.forget(group);
    this.topics.wake();
  }

  /** A bus in memory is always there: it says that there is nothing new. */
  async #change(): Promise<void> {
    const told = setInterval(() => {
      this.#heardAt = performance.now();
    }, 100).unref();
    await this.topics.change();
    clearInterval(told);
  }

  #next(): number | undefined {
    const { group, topics } = this.subscription;
    if (this.topics.members.get(group)?.[0] !== this) return undefined;
    const index = this.topics.entries.findIndex(
      ({ topic, partition }, place) =>
        topics.includes(topic) &&
        !this.#pauses.has(`${topic}/${partition}`) &&
        place >= (this.topics.offset(group, topic, partition) ?? 0),
    );
    return index === -1 ? undefined : index;
  }

  async #offer(index: number): Promise<void> {
    const entry = this.topics.entries[index];
    if (entry === undefined) return;
    const place = { topic: entry.topic, partition: entry.partition, offset: String(index) };
    this.#heardAt = performance.now();
    const outcome = await this.#outcomeOf(entry, place);
    this.#heardAt = performance.now();
    if (outcome.kind === 'failed') {
      this.#stopped = true;
      this.subscription.onFailure(outcome.error);
    } else if (outcome.kind === 'blocked') this.#block(place, outcome.error);
    else {
      this.#blocked.free(place);
      this.topics.moveTo(this.subscription.group, entry, index + 1);
    }
  }

  #outcomeOf(entry: InMemoryEntry, place: RecordPlace): ReturnType<typeof outcomeOf> {
    const { onRejected } = this.subscription;
    const { content } = entry;
    const record = 'event' in content ? encodeEvent(content.event.event) : content.bytes;
    return outcomeOf(
      () => this.subscription.deliver(record, place),
      onRejected && ((error) => onRejected({ place, record, writtenAt: WRITTEN_AT, error })),
    );
  }

  #block(place: RecordPlace, error: Error): void {
    const name = `${place.topic}/${place.partition}`;
    const timer = setTimeout(
      () => {
        this.#pauses.delete(name);
        this.topics.wake();
      },
      this.#blocked.block(place, error),
    );
    this.#pauses.set(name, timer.unref());
  }
}
