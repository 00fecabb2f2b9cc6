import { type PosternEvent } from '#events';
import {
  type CountedKind,
  RESTRICTION_WINDOW_SECONDS,
  RESTRICTIONS_STANDING_MAX,
  RestrictedExchanges,
  type Restriction,
  type RestrictionFilter,
  RestrictionStore,
  type RestrictionTerms,
  StandingRestrictions,
} from '#handles';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const LIST_LIMIT_MAX = 500;
/** Held while one is imposed, so that those that stand can be counted. */
const LOCK = 'select pg_advisory_xact_lock(1886352244, 604)';
const COLUMNS =
  'id, detection_id, rule, kind, entity_id, amount, resources, imposed_at, until, lifted_at';

const STANDING = `
  select ${COLUMNS} from public.restriction where until > $1 and lifted_at is null order by id limit $2`;

const IMPOSE = `
  insert into public.restriction (id, detection_id, rule, kind, entity_id, amount, resources, imposed_at, until)
  select $1, $2, $3, $4, $5, $6, $7, $8, $9
  where (select count(*) from public.restriction where until > $8 and lifted_at is null) < $10
  on conflict (id) do nothing returning 1`;

const LIFT = `
  update public.restriction set lifted_at = $2 where id = $1 and lifted_at is null and until > $2
  returning ${COLUMNS}`;

const COUNT = `
  insert into public.restriction_use as known (restriction_id, window_no, used) values ($1, $2, 1)
  on conflict (restriction_id, window_no) do update set used = known.used + 1 returning used`;

interface RestrictionRow {
  readonly id: string;
  readonly detection_id: string;
  readonly rule: string;
  readonly kind: Restriction['kind'];
  readonly entity_id: string;
  /** A bigint: as text. */
  readonly amount: string | null;
  readonly resources: readonly string[] | null;
  readonly imposed_at: Date;
  readonly until: Date;
  readonly lifted_at: Date | null;
}

/** Which restrictions stand, in PostgreSQL. Needs the role postern_proxy, postern_sts or postern_control. */
export class PostgresStandingRestrictions extends StandingRestrictions {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override standing(now: Date): Promise<readonly Restriction[]> {
    return standingIn(this.database, now);
  }
}

/** The same, with what is counted of exchanges. Needs the role postern_sts. */
export class PostgresRestrictedExchanges extends RestrictedExchanges {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override standing(now: Date): Promise<readonly Restriction[]> {
    return standingIn(this.database, now);
  }

  override async count(restrictionId: string, window: number): Promise<number> {
    const [row] = await this.database.query<{ used: number }>(COUNT, [restrictionId, window], {
      name: 'count-restricted-exchange',
    });
    return row?.used ?? 0;
  }
}

/** Restrictions in PostgreSQL. Needs the role postern_control. */
export class PostgresRestrictionStore extends RestrictionStore {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override standing(now: Date): Promise<readonly Restriction[]> {
    return standingIn(this.database, now);
  }

  override impose(
    restriction: Restriction,
    event: PosternEvent,
  ): Promise<'imposed' | 'known' | 'full'> {
    const { id, detectionId, rule, kind, entityId, imposedAt, until } = restriction;
    const { amount, resources } = termsOf(restriction);
    return this.database.transaction(async (connection) => {
      await connection.query(LOCK);
      const values = [id, detectionId, rule, kind, entityId, amount, resources, imposedAt, until];
      const imposed = await connection.query(IMPOSE, [...values, RESTRICTIONS_STANDING_MAX]);
      if (imposed.length === 0)
        return (await find(connection, id)) === undefined ? 'full' : 'known';
      await append(connection, event);
      return 'imposed';
    });
  }

  override lift(
    id: string,
    at: Date,
    eventOf: (restriction: Restriction) => PosternEvent,
  ): Promise<{ readonly restriction: Restriction; readonly isLifted: boolean } | undefined> {
    return this.database.transaction(async (connection) => {
      const [lifted] = await connection.query<RestrictionRow>(LIFT, [id, at]);
      if (lifted !== undefined) {
        const restriction = restrictionFrom(lifted);
        await append(connection, eventOf(restriction));
        return { restriction, isLifted: true };
      }
      const restriction = await find(connection, id);
      return restriction && { restriction, isLifted: false };
    });
  }

  override async list(
    now: Date,
    { after = '', limit }: RestrictionFilter,
  ): Promise<readonly Restriction[]> {
    const rows = await this.database.query<RestrictionRow>(
      `select ${COLUMNS} from public.restriction
       where id > $1 and until > $2 and lifted_at is null order by id limit $3`,
      [after, now, Math.max(1, Math.min(limit, LIST_LIMIT_MAX))],
    );
    return rows.map(restrictionFrom);
  }

  override async forget(before: Date): Promise<number> {
    const rows = await this.database.query(
      'delete from public.restriction where until < $1 returning 1',
      [before],
    );
    return rows.length;
  }
}

async function standingIn(database: PostgresDatabase, now: Date): Promise<readonly Restriction[]> {
  const rows = await database.query<RestrictionRow>(STANDING, [now, RESTRICTIONS_STANDING_MAX], {
    name: 'standing-restrictions',
  });
  return rows.map(restrictionFrom);
}

async function find(connection: PostgresConnection, id: string): Promise<Restriction | undefined> {
  const [row] = await connection.query<RestrictionRow>(
    `select ${COLUMNS} from public.restriction where id = $1`,
    [id],
  );
  return row && restrictionFrom(row);
}

async function append(connection: PostgresConnection, event: PosternEvent): Promise<void> {
  await connection
    .query('select public.append_events($1::jsonb)', [eventsParameter([event])])
    .catch((error: unknown) => {
      throw eventFailure(error);
    });
}

const termsOf = (
  terms: RestrictionTerms,
): { readonly amount: number | null; readonly resources: readonly string[] | null } => ({
  amount: 'limit' in terms ? terms.limit : null,
  resources: 'resources' in terms ? terms.resources : null,
});

// Check constraints tie the columns together.
function restrictionFrom(row: RestrictionRow): Restriction {
  const { id, rule, kind, entity_id: entityId, until } = row;
  const known = {
    ...{ id, rule, entityId, until },
    detectionId: row.detection_id,
    imposedAt: row.imposed_at,
    liftedAt: row.lifted_at ?? undefined,
  };
  if (isCounted(kind)) return { ...known, kind, limit: Number(row.amount) };
  if (kind === 'source_block') return { ...known, kind };
  return { ...known, kind, resources: row.resources ?? [] };
}

const isCounted = (kind: Restriction['kind']): kind is CountedKind =>
  Object.hasOwn(RESTRICTION_WINDOW_SECONDS, kind);
