import {
  type BusRecord,
  Outbox,
  type OutboxBacklog,
  type OutboxBatch,
  OutboxLeaseLost,
  type RecordedEvent,
  type Topic,
} from '#events';
import { type PostgresSession } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';
import { PostgresOutboxGauge } from './postgres-outbox-gauge.js';
import { type LeaseOptions, ShardLeases } from './shard-leases.js';

interface OutboxRow {
  readonly seq: string;
  /** With its microseconds, which a Date would cut off. */
  readonly created_at: string;
  readonly shard: number;
  readonly attempts: number;
  readonly topic: Topic;
  readonly key: string;
  readonly payload: RecordedEvent;
}

/** The shards that a batch was read from, with the epochs that they had then. */
interface ReadUnder {
  readonly session: PostgresSession;
  readonly epochs: ReadonlyMap<number, string | undefined>;
}

// Each shard is read on its own, along the index of what is unpublished: a long backlog costs no more than a short one.
const NEXT_ROWS = `
  select row.seq, row.created_at::text as created_at, row.shard, row.attempts, row.aggregatetype as topic,
    row.aggregateid as key, row.payload
  from unnest($1::smallint[]) as held(shard)
  cross join lateral (
    select * from public.outbox where outbox.shard = held.shard and published_at is null order by seq limit $2
  ) as row
  order by row.seq limit $2`;

// The lock of the session says who holds a shard; the epoch says it as well, where a pooler between us mixed sessions.
const MARK_PUBLISHED = `
  with mine as materialized (
    select count(*) = cardinality($3::smallint[]) as still
    from public.relay_lease lease join unnest($3::smallint[], $4::bigint[]) as own(shard, epoch)
      on lease.shard = own.shard and lease.epoch = own.epoch
  ), marked as (
    update public.outbox set published_at = clock_timestamp()
    from unnest($1::timestamptz[], $2::bigint[]) as sent(created_at, seq)
    where outbox.created_at = sent.created_at and outbox.seq = sent.seq and published_at is null
      and (select still from mine)
  )
  select still from mine`;

const COUNT_ATTEMPT = `
  update public.outbox set attempts = attempts + 1
  from unnest($1::timestamptz[], $2::bigint[]) as sent(created_at, seq)
  where outbox.created_at = sent.created_at and outbox.seq = sent.seq and published_at is null`;

/**
 * The relay's side of the outbox. The lease of a shard is an advisory lock of a session, and everything is read and
 * marked in that same session: when the session is gone, so are the leases, and nothing can be marked any more. A relay
 * that lost its leases without noticing can only publish twice, never mark what another has. Needs the role
 * postern_relay. Not for several callers at once, but for `backlog`.
 */
export class PostgresOutbox extends Outbox {
  private readonly leases: ShardLeases;
  private readonly gauge: PostgresOutboxGauge;

  constructor(
    private readonly database: PostgresDatabase,
    options: LeaseOptions = {},
  ) {
    super();
    this.leases = new ShardLeases(database, options);
    this.gauge = new PostgresOutboxGauge(database);
  }

  override async lease(): Promise<readonly number[]> {
    await this.leases.take().catch(async (error: unknown) => {
      if (!(error instanceof OutboxLeaseLost)) throw error;
      await this.leases.take(); // The old session turned out to be gone: a new one takes what is free.
    });
    return this.leases.shards;
  }

  override async next(limit: number): Promise<OutboxBatch | undefined> {
    const { session, shards } = this.leases;
    if (session === undefined) return undefined;
    const rows = await this.leases.inSession(session, () =>
      session.query<OutboxRow>(NEXT_ROWS, [shards, limit], { name: 'outbox-next' }),
    );
    if (rows.length === 0) return undefined;
    const epochs = new Map(rows.map(({ shard }) => [shard, this.leases.epochOf(shard)]));
    const under = { session, epochs };
    return {
      records: rows.map(({ topic, key, payload }): BusRecord => ({ topic, key, event: payload })),
      repeats: rows.filter(({ attempts }) => attempts > 0).length,
      assertLeased: () => {
        this.leases.assertAlive(session);
      },
      markPublished: () => this.mark(under, rows),
      countAttempt: () => this.countAttempt(under, rows),
    };
  }

  override backlog(): Promise<OutboxBacklog> {
    return this.gauge.measure();
  }

  /** Makes the days' partitions ahead, drops the old and published, forgets old calls. Once an hour is enough. */
  async maintain(): Promise<void> {
    await this.database.query('select public.maintain_outbox_partitions()');
    await this.database.query('select public.purge_finished_calls()');
  }

  override close(): Promise<void> {
    return this.leases.close();
  }

  private async mark({ session, epochs }: ReadUnder, rows: readonly OutboxRow[]): Promise<void> {
    await this.leases.inSession(session, async () => {
      const values = [...placesOf(rows), [...epochs.keys()], [...epochs.values()]];
      const [answer] = await session.query<{ still: boolean }>(MARK_PUBLISHED, values, {
        name: 'outbox-mark',
      });
      if (answer?.still !== true) throw new OutboxLeaseLost('the shards have another epoch by now');
    });
  }

  private async countAttempt({ session }: ReadUnder, rows: readonly OutboxRow[]): Promise<void> {
    await this.leases.inSession(session, () =>
      session.query(COUNT_ATTEMPT, placesOf(rows), { name: 'outbox-attempt' }),
    );
  }
}

const placesOf = (rows: readonly OutboxRow[]): readonly [string[], string[]] => [
  rows.map(({ created_at }) => created_at),
  rows.map(({ seq }) => seq),
];
