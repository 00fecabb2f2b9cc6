import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type BusRecord,
  type EventBus,
  type RecordPlace,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
  TOPICS,
} from '#events';

const DEADLINE_MS = 30_000;
const POLL_MS = 5;

/** Waits for the condition, 30 seconds at most unless told otherwise. */
export async function until(
  condition: () => boolean,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`);
    await pause(POLL_MS);
  }
}

/** A subscription that collects the records of one test's keys. */
export class EventListener {
  readonly records: BusRecord[] = [];
  readonly failures: Error[] = [];
  /** By event id; also of records that were not handled. */
  readonly places = new Map<string, RecordPlace>();
  private subscribed: SubscriptionHandle | undefined;

  constructor(
    private readonly ownKey: string,
    private readonly onRecord: (record: BusRecord) => Promise<void> = async () => undefined,
  ) {}

  async listen(bus: EventBus, change: Partial<Subscription> = {}): Promise<this> {
    this.subscribed = await bus.subscribe({
      group: `contract-${randomUUID()}`,
      topics: [TOPICS.handle],
      from: 'earliest',
      handle: (record, place) => this.take(record, place),
      onFailure: (error) => this.failures.push(error),
      ...change,
    });
    return this;
  }

  /** What its subscription does with a record, for those that put something in between. */
  async take(record: BusRecord, place: RecordPlace): Promise<void> {
    if (!record.key.startsWith(this.ownKey)) return;
    this.places.set(record.event.id, place);
    await this.onRecord(record);
    this.records.push(record);
  }

  async has(count: number): Promise<void> {
    await until(() => this.records.length >= count, `${count} records, had ${this.records.length}`);
  }

  /** Before it listens there is none. */
  get progress(): SubscriptionProgress {
    return this.subscribed?.progress ?? { idleMs: 0, caughtUp: false, blocked: [] };
  }

  idsOf(key: string): string[] {
    return this.records.filter((record) => record.key === key).map(({ event }) => event.id);
  }

  get ids(): string[] {
    return this.records.map(({ event }) => event.id);
  }

  async stop(): Promise<void> {
    await this.subscribed?.stop();
  }
}
