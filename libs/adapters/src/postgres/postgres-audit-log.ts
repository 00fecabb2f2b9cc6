import {
  AuditLog,
  type KeptCheckpoint,
  type Leaf,
  leafIfCanonical,
  LEAVES_MAX,
  type MerkleHash,
  type NextCheckpoint,
  splitHashes,
  type WaitingLeaves,
} from '#audit';
import { type RecordedEvent } from '#events';
import { jsonParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

interface WaitingRow {
  readonly shard: number;
  readonly seq: string;
  readonly id: string;
  readonly payload: RecordedEvent;
}

interface LeafRow {
  readonly log_index: string;
  readonly event_id: string;
  readonly leaf_hash: Buffer;
}

interface CheckpointRow {
  readonly tree_size: string;
  readonly note: string;
  readonly frontier: Buffer;
  readonly age_seconds: number;
}

// Taken by whoever gives out indexes; who finds it taken has nothing to do.
const TRY_LOCK = 'select pg_try_advisory_xact_lock(1886352244, 602) as mine';

// A waiting event whose row is gone was removed by somebody, and one whose id another has is none of ours: both stay, and
// are told as lost. They must not keep the others waiting.
const WAITING_ROWS = `
  select waiting.shard, waiting.seq, row.id, row.payload
  from public.audit_waiting waiting
  join public.outbox row on row.created_at = waiting.created_at and row.seq = waiting.seq and row.id = waiting.event_id
  where not exists (select from public.audit_leaf leaf where leaf.event_id = waiting.event_id)
    and waiting.event_id <> all($2::uuid[])
  order by waiting.shard, waiting.seq limit $1`;

const WAITING = `
  with signed as (
    select coalesce(max(tree_size), 0) as size from public.audit_checkpoint
  ), waiting as (
    (select queued_at as since from public.audit_waiting limit $1)
    union all
    (select logged_at from public.audit_leaf where log_index >= (select size from signed) order by log_index limit $1)
  )
  select least(count(*), $1)::integer as count,
    coalesce(extract(epoch from clock_timestamp() - min(since)), 0)::float8 as age_seconds
  from waiting`;

// Asked only for what has waited for long: at other times it is on its way.
const LOST = `
  select count(*)::integer as lost from (
    select from public.audit_waiting waiting
    where queued_at < clock_timestamp() - interval '1 minute' and (not exists (
        select from public.outbox row
        where row.created_at = waiting.created_at and row.seq = waiting.seq and row.id = waiting.event_id)
      or exists (select from public.audit_leaf leaf where leaf.event_id = waiting.event_id))
    limit 10000) as gone`;

const CHECKPOINT = `select tree_size, note, frontier,
  greatest(extract(epoch from clock_timestamp() - signed_at), 0)::float8 as age_seconds from public.audit_checkpoint`;

/** Those that are remembered; of more the log is full of what nobody should have written. */
const LEAFLESS_MAX = 10_000;

interface HashedRow extends WaitingRow {
  readonly hash: MerkleHash;
}

/**
 * The log in PostgreSQL. What gives out indexes and keeps checkpoints are functions of the database, which check what they
 * are given: no role can write the tables, and none can change or delete. Needs the role postern_relay; to read it,
 * postern_control is enough.
 */
export class PostgresAuditLog extends AuditLog {
  /** Ids of events that have no canonical form, and so no leaf: somebody wrote them past our code. */
  readonly #leafless = new Set<string>();

  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async open(name: string): Promise<string> {
    const [row] = await this.database.query<{ log_id: string }>(
      'select public.begin_audit_log($1) as log_id',
      [name],
    );
    return row?.log_id ?? '';
  }

  /** Undefined while none was begun. */
  async opened(): Promise<string | undefined> {
    const [row] = await this.database.query<{ log_id: string }>(
      'select log_id from public.audit_log',
    );
    return row?.log_id;
  }

  override async waiting(): Promise<WaitingLeaves> {
    const [row] = await this.database.query<{ count: number; age_seconds: number }>(
      WAITING,
      [LEAVES_MAX],
      { name: 'audit-waiting' },
    );
    const [gone] = await this.database.query<{ lost: number }>(LOST, [], { name: 'audit-lost' });
    return {
      count: row?.count ?? 0,
      oldestAgeSeconds: Math.max(row?.age_seconds ?? 0, 0),
      lost: (gone?.lost ?? 0) + this.#leafless.size,
    };
  }

  override sequence(limit: number, hash: (event: RecordedEvent) => MerkleHash): Promise<number> {
    return this.database.transaction(async (connection) => {
      const [lock] = await connection.query<{ mine: boolean }>(TRY_LOCK);
      if (lock?.mine !== true) return 0;
      const rows = await connection.query<WaitingRow>(WAITING_ROWS, [limit, [...this.#leafless]]);
      const hashed = firstOfEach(rows).flatMap((row) => this.#hashed(row, hash));
      return hashed.length === 0 ? 0 : logEvents(connection, hashed);
    });
  }

  override async publish(next: NextCheckpoint): Promise<boolean> {
    const { checkpoint, note, frontier, sizeBefore, event } = next;
    const [row] = await this.database.query<{ published: boolean }>(
      'select public.publish_checkpoint($1, $2, $3, $4, $5::jsonb) as published',
      [sizeBefore, checkpoint.size, note, Buffer.concat([...frontier]), jsonParameter(event)],
    );
    return row?.published === true;
  }

  override async leaves(from: number, limit: number): Promise<readonly Leaf[]> {
    const rows = await this.database.query<LeafRow>(
      `select log_index, event_id, leaf_hash from public.audit_leaf
       where log_index >= $1 and log_index < $1::bigint + $2 order by log_index`,
      [from, limit],
      { name: 'audit-leaves' },
    );
    return rows.map(leafIn);
  }

  override checkpointUpTo(size: number): Promise<KeptCheckpoint | undefined> {
    return this.#checkpoint('where tree_size <= $1 order by tree_size desc limit 1', size);
  }

  override checkpointAfter(size: number): Promise<KeptCheckpoint | undefined> {
    return this.#checkpoint('where tree_size > $1 order by tree_size limit 1', size);
  }

  /** The leaves of those events that are in the log, by the id of the event. @throws DependencyUnavailable */
  async leavesOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, Leaf>> {
    const rows = await this.database.query<LeafRow>(
      'select log_index, event_id, leaf_hash from public.audit_leaf where event_id = any($1::uuid[])',
      [eventIds],
      { name: 'audit-leaves-of' },
    );
    return new Map(rows.map((row) => [row.event_id, leafIn(row)]));
  }

  /** Those of the events that are still in the outbox. @throws DependencyUnavailable */
  async eventsOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, RecordedEvent>> {
    const rows = await this.database.query<{ id: string; payload: RecordedEvent }>(
      'select id, payload from public.outbox where id = any($1::uuid[])',
      [eventIds],
      { name: 'audit-events' },
    );
    return new Map(rows.map(({ id, payload }) => [id, payload]));
  }

  /** Not one that has no leaf: it stays waiting, is told as lost, and does not keep the others waiting. */
  #hashed(row: WaitingRow, hash: (event: RecordedEvent) => MerkleHash): readonly HashedRow[] {
    const leaf = leafIfCanonical(row.payload, hash);
    if (leaf !== undefined) return [{ ...row, hash: leaf }];
    if (this.#leafless.size < LEAFLESS_MAX) this.#leafless.add(row.id);
    return [];
  }

  async #checkpoint(where: string, size: number): Promise<KeptCheckpoint | undefined> {
    const [row] = await this.database.query<CheckpointRow>(`${CHECKPOINT} ${where}`, [size]);
    if (row === undefined) return undefined;
    return {
      size: Number(row.tree_size),
      note: row.note,
      frontier: splitHashes(row.frontier) ?? [],
      ageSeconds: row.age_seconds,
    };
  }
}

const leafIn = ({ log_index, event_id, leaf_hash }: LeafRow): Leaf => ({
  index: Number(log_index),
  eventId: event_id,
  hash: leaf_hash,
});

/** The others bear an id that an event before them has. */
function firstOfEach(rows: readonly WaitingRow[]): readonly WaitingRow[] {
  const seen = new Set<string>();
  return rows.filter(({ id }) => {
    const isFirst = !seen.has(id);
    seen.add(id);
    return isFirst;
  });
}

async function logEvents(
  connection: PostgresConnection,
  rows: readonly HashedRow[],
): Promise<number> {
  const [row] = await connection.query<{ taken: number }>(
    'select public.log_events($1::smallint[], $2::bigint[], $3::uuid[], $4::bytea[]) as taken',
    [
      rows.map(({ shard }) => shard),
      rows.map(({ seq }) => seq),
      rows.map(({ id }) => id),
      rows.map(({ hash }) => hash),
    ],
  );
  return row?.taken ?? 0;
}
