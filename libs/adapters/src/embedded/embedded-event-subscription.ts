import { setTimeout as pause } from 'node:timers/promises';
import {
  type RecordedEvent,
  type Subscription,
  type SubscriptionHandle,
  type Topic,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PostgresDatabase, type PostgresSession } from '../postgres/index.js';
import { ALL_SHARDS, GroupOffsets } from './embedded-event-offsets.js';

/** Between two looks when there is nothing: it doubles from the one to the other. */
const IDLE_MIN_MS = 20;
const IDLE_MAX_MS = 250;
/** Rows of one look at one shard. */
const ROWS_MAX = 100;
/** First half of the advisory locks of the groups; the second is the hash of group and topics. It spells "posu". */
const GROUP_LOCKS = 1_886_352_245;

interface Row {
  readonly shard: number;
  readonly position: string;
  readonly topic: Topic;
  readonly key: string;
  /** Of the topics that were asked for; of the others only the position counts. */
  readonly payload: RecordedEvent | null;
}

const NEXT_ROWS = `
  select read.shard, row.position, row.aggregatetype as topic, row.aggregateid as key,
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
  /** Up to where each shard was looked at; beyond the stored offset where only other topics' records lie. */
  private looked = new Map<number, bigint>();
  private session: PostgresSession | undefined;
  private reading = false;
  private idleMs = IDLE_MIN_MS;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private readonly database: PostgresDatabase,
    private readonly subscription: Subscription,
  ) {
    const { group, topics, offsets = 'stored' } = subscription;
    this.offsets = new GroupOffsets(group, topics, offsets);
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
    if (row?.locked !== true) return false;
    await this.offsets.load(this.session);
    this.looked = new Map(ALL_SHARDS.map((shard) => [shard, this.offsets.leastOf(shard)]));
    this.reading = true;
    return true;
  }

  /** Handles what there is. Resolves to why the handler refused a record. */
  private async look(): Promise<Error | undefined> {
    const session = this.session;
    if (session === undefined) return undefined;
    const rows = await session.query<Row>(
      NEXT_ROWS,
      [[...this.looked.keys()], [...this.looked.values()].map(String), this.subscription.topics],
      { name: 'embedded-bus-next' },
    );
    this.idleMs =
      rows.length > 0 ? 0 : Math.min(Math.max(this.idleMs * 2, IDLE_MIN_MS), IDLE_MAX_MS);
    let failure: Error | undefined;
    for (const row of rows) {
      if (this.stopping.signal.aborted) break;
      failure = await this.handle(row);
      if (failure !== undefined) break;
      this.looked.set(row.shard, BigInt(row.position));
    }
    await this.offsets.store(session);
    return failure;
  }

  private async handle(row: Row): Promise<Error | undefined> {
    const { payload, topic, key, shard, position } = row;
    if (payload === null || BigInt(position) <= this.offsets.of(topic, shard)) return undefined;
    const failure = await this.subscription
      .handle({ topic, key, event: payload })
      .then(() => undefined, errorOf);
    if (failure === undefined) this.offsets.moveTo({ topic, shard, position });
    return failure;
  }

  private async rest(): Promise<void> {
    if (this.reading && this.idleMs === 0) return;
    const restMs = this.reading ? this.idleMs : IDLE_MAX_MS;
    await pause(restMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }

  /** Ends the session, and with it the lock. */
  private async letGo(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    this.reading = false;
    await session?.close().catch(() => undefined);
  }
}

const errorOf = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
