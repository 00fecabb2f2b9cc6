import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type BusRecord,
  type EventBus,
  type Subscription,
  type SubscriptionHandle,
  TOPICS,
} from '#events';

const DEADLINE_MS = 15_000;
const POLL_MS = 5;

/** Waits for the condition, 15 seconds at most unless told otherwise. */
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
      handle: async (record) => {
        if (!record.key.startsWith(this.ownKey)) return;
        await this.onRecord(record);
        this.records.push(record);
      },
      onFailure: (error) => this.failures.push(error),
      ...change,
    });
    return this;
  }

  async has(count: number): Promise<void> {
    await until(() => this.records.length >= count, `${count} records, had ${this.records.length}`);
  }

  get ids(): string[] {
    return this.records.map(({ event }) => event.id);
  }

  async stop(): Promise<void> {
    await this.subscribed?.stop();
  }
}
