import { setTimeout as pause } from 'node:timers/promises';
import {
  errorOf,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PostgresDatabase, type PostgresSession } from '../postgres/index.js';
import { EmbeddedBlocks } from './embedded-event-blocks.js';
import { type EmbeddedRow, offerRow, placeOf } from './embedded-event-delivery.js';
import { EmbeddedReplays } from './embedded-event-replays.js';
import { ALL_SHARDS, GroupOffsets } from './embedded-event-offsets.js';

/** Between two looks when there is nothing: it doubles from the one to the other. */
const IDLE_MIN_MS = 20;
const IDLE_MAX_MS = 250;
/** Rows of one look at one shard. */
const ROWS_MAX = 100;
/** First half of the advisory locks of the groups; the second is the hash of group and topics. It spells "posu". */
const GROUP_LOCKS = 1_886_352_245;

const NEXT_ROWS = `
  select read.shard, row.position, row.aggregatetype as topic, row.aggregateid as key,
    row.created_at as "writtenAt",
    case when row.aggregatetype = any($3) then row.payload end as payload
  from unnest($1::smallint[], $2::bigint[]) as read(shard, position)
  cross join lateral (
    select * from public.outbox
    where outbox.shard = read.shard and outbox.position > read.position
    order by outbox.position limit ${ROWS_MAX}
  ) as row
  order by row.position`;

/**
 * A member of a group. It reads while its session holds the group's advisory lock; when the session ends, another
 * member gets the lock, and this one stands in line again.
 */
export class EmbeddedSubscription implements SubscriptionHandle {
  private readonly offsets: GroupOffsets;
  private readonly blocks = new EmbeddedBlocks();
  private readonly replays: EmbeddedReplays;
  /** Up to where each shard was looked at; beyond the stored offset where only other topics' records lie. */
  private looked = new Map<number, bigint>();
  private session: PostgresSession | undefined;
  private reading = false;
  private restMs = IDLE_MIN_MS;
  /** When PostgreSQL last answered or a handler began or ended; in milliseconds of a clock that nobody sets. */
  private heardAt = performance.now();
  private caughtUp = false;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly database: PostgresDatabase,
    private readonly subscription: Subscription,
  ) {
    const { group, topics, offsets = 'stored' } = subscription;
    this.offsets = new GroupOffsets(group, topics, offsets);
    this.replays = new EmbeddedReplays(subscription);
  }

  static async start(
    database: PostgresDatabase,
    subscription: Subscription,
  ): Promise<EmbeddedSubscription> {
    const member = new EmbeddedSubscription(database, subscription);
    await database.transaction((connection) => member.offsets.begin(connection, subscription.from));
    member.running = member.run();
    return member;
  }

  get progress(): SubscriptionProgress {
    const idleMs = Math.round(performance.now() - this.heardAt);
    return { idleMs, caughtUp: this.caughtUp, blocked: this.blocks.list };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    let failure: Error | undefined;
    while (failure === undefined && !this.stopping.signal.aborted) {
      try {
        failure = (await this.mayRead()) ? await this.look() : undefined;
      } catch (error) {
        // When PostgreSQL cannot be asked just now nothing is lost: the next look begins at what is stored.
        if (!(error instanceof DependencyUnavailable)) failure = errorOf(error);
        await this.letGo();
      }
      if (failure === undefined) await this.rest();
    }
    await this.letGo();
    if (failure !== undefined) this.subscription.onFailure(failure);
  }

  /** Whether this member is the one that reads; if nobody is, it becomes that. */
  private async mayRead(): Promise<boolean> {
    if (this.session?.isOpen !== true) {
      await this.letGo();
      this.session = await this.database.dedicated();
    }
    if (this.reading) return true;
    const { group, topics } = this.subscription;
    const [row] = await this.session.query<{ locked: boolean }>(
      `select pg_try_advisory_lock($1, hashtext($2)) as locked`,
      [GROUP_LOCKS, JSON.stringify([group, ...[...topics].sort()])],
    );
    this.heard();
    if (row?.locked !== true) {
      this.caughtUp = true; // Who stands by has nothing to read.
      return false;
    }
    await this.offsets.load(this.session);
    this.looked = new Map(ALL_SHARDS.map((shard) => [shard, this.offsets.leastOf(shard)]));
    this.reading = true;
    return true;
  }

  /** Handles what there is. Resolves to why the handler refused a record, when that ends the subscription. */
  private async look(): Promise<Error | undefined> {
    const session = this.session;
    if (session === undefined) return undefined;
    for (const shard of this.blocks.resume()) this.looked.set(shard, this.offsets.leastOf(shard));
    const rows = await this.nextRows(session);
    const failure = (await this.handleAll(session, rows)) ?? (await this.replay(session));
    await this.offsets.store(session);
    this.caughtUp ||= failure === undefined && this.wasAll(rows);
    return failure;
  }

  private async nextRows(session: PostgresSession): Promise<EmbeddedRow[]> {
    const rows = await session.query<EmbeddedRow>(
      NEXT_ROWS,
      [[...this.looked.keys()], [...this.looked.values()].map(String), this.subscription.topics],
      { name: 'embedded-bus-next-2' },
    );
    this.heard();
    this.restMs =
      rows.length > 0 ? 0 : Math.min(Math.max(this.restMs * 2, IDLE_MIN_MS), IDLE_MAX_MS);
    return rows;
  }

  private async handleAll(
    session: PostgresSession,
    rows: readonly EmbeddedRow[],
  ): Promise<Error | undefined> {
    for (const row of rows) {
      // Without its session another member may have the lock by now.
      if (this.stopping.signal.aborted || !session.isOpen) return undefined;
      const failure = await this.handle(row);
      if (failure !== undefined) return failure;
      this.looked.set(row.shard, BigInt(row.position));
    }
    return undefined;
  }

  private async handle(row: EmbeddedRow): Promise<Error | undefined> {
    const { payload, topic, shard, position } = row;
    if (payload === null || BigInt(position) <= this.offsets.of(topic, shard)) return undefined;
    if (this.blocks.isPaused(topic, shard)) return undefined;
    this.heard();
    const outcome = await offerRow(this.subscription, row);
    this.heard();
    if (outcome.kind === 'failed') return outcome.error;
    if (outcome.kind === 'blocked') {
      this.blocks.block(placeOf(row), outcome.error);
      return undefined;
    }
    this.blocks.free(placeOf(row));
    this.offsets.moveTo({ topic, shard, position });
    return undefined;
  }

  private replay(session: PostgresSession): Promise<Error | undefined> {
    const goesOn = (): boolean => {
      this.heard();
      return !this.stopping.signal.aborted && session.isOpen;
    };
    return this.replays.giveRequested(session, goesOn);
  }

  /** Whether a look has found, and handled, all that there was. */
  private wasAll(rows: readonly EmbeddedRow[]): boolean {
    if (this.blocks.list.length > 0 || this.stopping.signal.aborted) return false;
    const shards = new Map<number, number>();
    for (const { shard } of rows) shards.set(shard, (shards.get(shard) ?? 0) + 1);
    return [...shards.values()].every((count) => count < ROWS_MAX);
  }

  private heard(): void {
    this.heardAt = performance.now();
  }

  private async rest(): Promise<void> {
    if (this.reading && this.restMs === 0) return;
    const restMs = this.reading ? this.restMs : IDLE_MAX_MS;
    await pause(restMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** Ends the session, and with it the lock. */
  private async letGo(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    this.reading = false;
    this.blocks.clear();
    await session?.close().catch(() => undefined);
  }
}
