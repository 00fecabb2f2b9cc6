import {
  type BusRecord,
  Outbox,
  OUTBOX_SHARDS,
  type OutboxBacklog,
  type OutboxBatch,
  OutboxLeaseLost,
  type RecordedEvent,
  type Topic,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PostgresSession } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

/** First half of the advisory lock of a shard, the second is the shard. It spells "post". */
const SHARD_LOCKS = 1_886_352_244;
const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

interface OutboxRow {
  readonly seq: string;
  /** With its microseconds, which a Date would cut off. */
  readonly created_at: string;
  readonly topic: Topic;
  readonly key: string;
  readonly payload: RecordedEvent;
}

// Each shard is read on its own, along the index of what is unpublished: a long backlog costs no more than a short one.
const NEXT_ROWS = `
  select row.seq, row.created_at::text as created_at, row.aggregatetype as topic, row.aggregateid as key, row.payload
  from unnest($1::smallint[]) as held(shard)
  cross join lateral (
    select * from public.outbox where outbox.shard = held.shard and published_at is null order by seq limit $2
  ) as row
  order by row.seq limit $2`;

const MARK_PUBLISHED = `
  update public.outbox set published_at = clock_timestamp()
  from unnest($1::timestamptz[], $2::bigint[]) as sent(created_at, seq)
  where outbox.created_at = sent.created_at and outbox.seq = sent.seq and published_at is null`;

/**
 * The relay's side of the outbox. The lease of a shard is an advisory lock of a session, and everything is read and
 * marked in that same session: when the session is gone, so are the leases, and nothing can be marked any more. A relay
 * that lost its leases without noticing can only publish twice, never mark what another has. Needs the role
 * postern_relay. Not for several callers at once.
 */
export class PostgresOutbox extends Outbox {
  private session: PostgresSession | undefined;
  private held = new Set<number>();

  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async lease(): Promise<readonly number[]> {
    await this.takeFree().catch(async (error: unknown) => {
      if (!(error instanceof OutboxLeaseLost)) throw error;
      await this.takeFree(); // The old session turned out to be gone: a new one takes what is free.
    });
    return [...this.held].sort((one, other) => one - other);
  }

  override async next(limit: number): Promise<OutboxBatch | undefined> {
    const { session } = this;
    if (session === undefined || this.held.size === 0) return undefined;
    const rows = await this.inSession(session, () =>
      session.query<OutboxRow>(NEXT_ROWS, [[...this.held], limit], { name: 'outbox-next' }),
    );
    if (rows.length === 0) return undefined;
    return {
      records: rows.map(({ topic, key, payload }): BusRecord => ({ topic, key, event: payload })),
      markPublished: () => this.mark(session, rows),
    };
  }

  override async backlog(): Promise<OutboxBacklog> {
    const [row] = await this.database.query<OutboxBacklog>(
      `select count(*)::integer as records,
         coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as "oldestAgeSeconds"
       from public.outbox where published_at is null`,
    );
    return row ?? { records: 0, oldestAgeSeconds: 0 };
  }

  /** Makes the days' partitions ahead, drops the old and published, forgets old calls. Once an hour is enough. */
  async maintain(): Promise<void> {
    await this.database.query('select public.maintain_outbox_partitions()');
    await this.database.query('select public.purge_finished_calls()');
  }

  override async close(): Promise<void> {
    const { session } = this;
    this.forget();
    await session?.close();
  }

  private async takeFree(): Promise<void> {
    const session = await this.openSession();
    const wanted = ALL_SHARDS.filter((shard) => !this.held.has(shard));
    const rows = await this.inSession(session, () =>
      session.query<{ shard: number; taken: boolean }>(
        `select shard, pg_try_advisory_lock(${SHARD_LOCKS}, shard) as taken from unnest($1::integer[]) as shard`,
        [wanted],
      ),
    );
    for (const { shard, taken } of rows) if (taken) this.held.add(shard);
  }

  private async openSession(): Promise<PostgresSession> {
    if (this.session?.isOpen === true) return this.session;
    this.forget();
    this.session = await this.database.dedicated();
    return this.session;
  }

  private async mark(session: PostgresSession, rows: readonly OutboxRow[]): Promise<void> {
    if (session !== this.session) throw leaseLost();
    await this.inSession(session, () =>
      session.query(
        MARK_PUBLISHED,
        [rows.map(({ created_at }) => created_at), rows.map(({ seq }) => seq)],
        { name: 'outbox-mark' },
      ),
    );
  }

  /** Whatever goes wrong in the session, its leases are not to be relied on any more: it ends. */
  private async inSession<T>(session: PostgresSession, work: () => Promise<T>): Promise<T> {
    if (!session.isOpen) {
      this.forget();
      throw leaseLost();
    }
    try {
      return await work();
    } catch (error) {
      this.forget();
      void session.close().catch(() => undefined); // It may be broken already.
      throw error instanceof DependencyUnavailable ? leaseLost(error) : error;
    }
  }

  private forget(): void {
    this.session = undefined;
    this.held = new Set();
  }
}

const leaseLost = (cause?: Error): OutboxLeaseLost =>
  new OutboxLeaseLost(
    'the session that held the outbox shards ended: lease again before the next send',
    cause === undefined ? undefined : { cause },
  );
