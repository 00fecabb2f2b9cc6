import {
  type Backlog,
  backlogOf,
  EVENT_BYTES_MAX,
  EventJournal,
  EventTooLarge,
  Outbox,
  OUTBOX_SHARDS,
  type OutboxBacklog,
  type OutboxBatch,
  OutboxLeaseLost,
  type PosternEvent,
  type RecordedEvent,
  topicOfEvent,
} from '#events';
import { type Clock, sha256 } from '#kernel';

interface OutboxEntry {
  readonly event: RecordedEvent;
  readonly shard: number;
  published: boolean;
  attempts: number;
}

/** What several relays share: the rows, and who holds which shard. */
export class InMemoryOutboxLog extends EventJournal {
  readonly entries: OutboxEntry[] = [];
  readonly holders = new Map<number, InMemoryOutbox>();
  /** Those that live, with or without a shard. */
  readonly relays = new Set<InMemoryOutbox>();
  private readonly sequences = new Map<string, number>();

  constructor(readonly clock: Clock) {
    super();
  }

  override async append(events: readonly PosternEvent[]): Promise<void> {
    if (events.some((event) => Buffer.byteLength(JSON.stringify(event)) > EVENT_BYTES_MAX)) {
      throw new EventTooLarge(`an event is larger than ${EVENT_BYTES_MAX} bytes`);
    }
    for (const event of events) this.entries.push(this.record(event));
  }

  private record(event: PosternEvent): OutboxEntry {
    const sequence = (this.sequences.get(event.partitionkey) ?? 0) + 1;
    this.sequences.set(event.partitionkey, sequence);
    const recorded = {
      ...event,
      recordedtime: this.clock.now().toISOString(),
      sequence: String(sequence).padStart(20, '0'),
    };
    const shard = parseInt(sha256(event.partitionkey).slice(0, 8), 16) % OUTBOX_SHARDS;
    return { event: recorded, shard, published: false, attempts: 0 };
  }
}

/** One relay's side of the log. */
export class InMemoryOutbox extends Outbox {
  private alive = true;
  /** Counts lives: a batch of an earlier one cannot be marked. */
  private life = 0;

  constructor(private readonly log: InMemoryOutboxLog) {
    super();
  }

  override async lease(): Promise<readonly number[]> {
    this.alive = true;
    const { relays, holders } = this.log;
    relays.add(this);
    const share = Math.ceil(OUTBOX_SHARDS / relays.size);
    for (const shard of this.held().slice(share)) holders.delete(shard);
    for (let shard = 0; shard < OUTBOX_SHARDS && this.held().length < share; shard += 1) {
      if (!holders.has(shard)) holders.set(shard, this);
    }
    return this.held();
  }

  override async next(limit: number): Promise<OutboxBatch | undefined> {
    this.assertAlive();
    const held = new Set(this.held());
    const entries = this.log.entries
      .filter(({ published, shard }) => !published && held.has(shard))
      .slice(0, limit);
    return entries.length === 0 ? undefined : this.batchOf(entries, this.life);
  }

  override async backlog(): Promise<OutboxBacklog> {
    return backlogOf(Array.from({ length: OUTBOX_SHARDS }, (_, shard) => this.backlogIn(shard)));
  }

  private batchOf(entries: readonly OutboxEntry[], life: number): OutboxBatch {
    const assertLeased = (): void => {
      this.assertAlive();
      const isMine = ({ shard }: OutboxEntry): boolean => this.log.holders.get(shard) === this;
      if (life === this.life && entries.every(isMine)) return;
      throw new OutboxLeaseLost('the lease of this batch was lost');
    };
    return {
      records: entries.map(({ event }) => ({
        topic: topicOfEvent(event),
        key: event.partitionkey,
        event,
      })),
      repeats: entries.filter(({ attempts }) => attempts > 0).length,
      assertLeased,
      markPublished: async () => {
        assertLeased();
        for (const entry of entries) entry.published = true;
      },
      countAttempt: async () => {
        assertLeased();
        for (const entry of entries) entry.attempts += 1;
      },
    };
  }

  private backlogIn(shard: number): Backlog {
    const waiting = this.log.entries.filter((entry) => !entry.published && entry.shard === shard);
    const [oldest] = waiting;
    const now = this.log.clock.now().getTime();
    const since = oldest === undefined ? now : new Date(oldest.event.recordedtime).getTime();
    const sizes = waiting.map(({ event }) => Buffer.byteLength(JSON.stringify(event)));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { records: waiting.length, bytes, oldestAgeSeconds: (now - since) / 1000 };
  }

  override async close(): Promise<void> {
    this.die();
  }

  /** What a crash of the relay does: the leases are free at once, and this one may not mark any more. */
  die(): void {
    this.alive = false;
    this.life += 1;
    this.log.relays.delete(this);
    for (const shard of this.held()) this.log.holders.delete(shard);
  }

  private held(): readonly number[] {
    return [...this.log.holders]
      .filter(([, holder]) => holder === this)
      .map(([shard]) => shard)
      .sort((one, other) => one - other);
  }

  private assertAlive(): void {
    if (!this.alive) throw new OutboxLeaseLost('the lease was lost');
  }
}
