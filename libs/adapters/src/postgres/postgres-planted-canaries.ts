import { type PosternEvent } from '#events';
import {
  type Canary,
  CANARIES_LIVE_MAX,
  type CanaryFilter,
  type CanaryKind,
  CanaryStore,
  LiveCanaries,
} from '#handles';
import { type Digest } from '#kernel';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const LIST_LIMIT_MAX = 500;
/** Held while one is planted, so that those that are live can be counted. */
const LOCK = 'select pg_advisory_xact_lock(1886352244, 603)';

interface LiveRow {
  readonly id: string;
  readonly digest: Buffer;
}

interface CanaryRow extends LiveRow {
  readonly kind: CanaryKind;
  readonly note: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

type LiveCanary = Pick<Canary, 'id' | 'digest'>;

/** Which canaries are live, in PostgreSQL. Needs the role postern_proxy, postern_sts or postern_control. */
export class PostgresLiveCanaries extends LiveCanaries {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override live(): Promise<readonly LiveCanary[]> {
    return liveIn(this.database);
  }
}

/** Canaries in PostgreSQL. Needs the role postern_control. */
export class PostgresCanaryStore extends CanaryStore {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override live(): Promise<readonly LiveCanary[]> {
    return liveIn(this.database);
  }

  override plant(canary: Canary, event: PosternEvent): Promise<'planted' | 'full'> {
    return this.database.transaction(async (connection) => {
      await connection.query(LOCK);
      const { id, digest, kind, note, createdBy, createdAt } = canary;
      const rows = await connection.query(
        `insert into public.planted_canary (id, digest, kind, note, created_by, created_at)
         select $1, $2, $3, $4, $5, $6
         where (select count(*) from public.planted_canary where ended_at is null) < $7
         returning 1`,
        [id, Buffer.from(digest, 'hex'), kind, note, createdBy, createdAt, CANARIES_LIVE_MAX],
      );
      if (rows.length === 0) return 'full';
      await append(connection, event);
      return 'planted';
    });
  }

  override end(
    id: string,
    at: Date,
    eventOf: (canary: Canary) => PosternEvent,
  ): Promise<Canary | undefined> {
    return this.database.transaction(async (connection) => {
      const [ended] = await connection.query<CanaryRow>(
        'update public.planted_canary set ended_at = $2 where id = $1 and ended_at is null returning *',
        [id, at],
      );
      if (ended !== undefined) {
        const canary = canaryFrom(ended);
        await append(connection, eventOf(canary));
        return canary;
      }
      const [found] = await connection.query<CanaryRow>(
        'select * from public.planted_canary where id = $1',
        [id],
      );
      return found && canaryFrom(found);
    });
  }

  override async list({ after = '', limit }: CanaryFilter): Promise<readonly Canary[]> {
    const rows = await this.database.query<CanaryRow>(
      'select * from public.planted_canary where id > $1 order by id limit $2',
      [after, Math.max(1, Math.min(limit, LIST_LIMIT_MAX))],
    );
    return rows.map(canaryFrom);
  }
}

async function liveIn(database: PostgresDatabase): Promise<readonly LiveCanary[]> {
  const rows = await database.query<LiveRow>(
    'select id, digest from public.planted_canary where ended_at is null order by id limit $1',
    [CANARIES_LIVE_MAX],
    { name: 'live-canaries' },
  );
  return rows.map(({ id, digest }) => ({ id, digest: digestFrom(digest) }));
}

async function append(connection: PostgresConnection, event: PosternEvent): Promise<void> {
  await connection
    .query('select public.append_events($1::jsonb)', [eventsParameter([event])])
    .catch((error: unknown) => {
      throw eventFailure(error);
    });
}

const digestFrom = (bytes: Buffer): Digest => bytes.toString('hex') as Digest;

const canaryFrom = (row: CanaryRow): Canary => ({
  id: row.id,
  digest: digestFrom(row.digest),
  kind: row.kind,
  note: row.note,
  createdBy: row.created_by,
  createdAt: row.created_at,
  endedAt: row.ended_at ?? undefined,
});
