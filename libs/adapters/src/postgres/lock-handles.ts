import { type HandleChange } from '#handles';
import { conditionOf } from './handle-condition.js';
import { HANDLE_COLUMNS } from './handle-row.js';
import { type HandleEntity } from './handle.entity.js';
import { type PostgresConnection } from './postgres-connection.js';

/** Handles that one transaction changes, beside their descendants: it holds their locks, and calls wait for them. */
export const CHANGE_PAGE = 1_000;

/** Rows that are locked, and whether there may be more. */
export interface LockedPage {
  readonly rows: readonly HandleEntity[];
  /** The named handle to go on behind; undefined when there are no more. */
  readonly next: string | undefined;
}

type Wanted = Pick<HandleChange, 'selector' | 'within' | 'at'>;

const bound = (within: Wanted['within']): readonly string[] | null =>
  within === undefined ? null : [...within];

/**
 * Locks at most CHANGE_PAGE handles that the selector names, and all that descends from them, to take away what they
 * are good for. A child is issued under its parent's lock: once the parents are locked, each child that there will ever be
 * is seen by the next look.
 */
export async function lockLive(
  connection: PostgresConnection,
  { selector, within, at }: Wanted,
  status: 'active' | 'suspended or active',
): Promise<LockedPage> {
  const locked = new Map<string, HandleEntity>();
  const { text, values } = conditionOf(selector, 4);
  const eligible = status === 'active' ? `status = 'active'` : `status <> 'revoked'`;
  for (;;) {
    const rows = await connection.query<HandleEntity>(lockStatement(text, eligible), [
      ...[at, [...locked.keys()], bound(within)],
      ...values,
    ]);
    for (const row of rows) locked.set(row.id, row);
    if (rows.length === 0 || locked.size >= CHANGE_PAGE) break;
  }
  return { rows: [...locked.values()], next: locked.size < CHANGE_PAGE ? undefined : '' };
}

/** In the order of their ids, as the call ledger locks them: two that lock the same handles never block each other. */
const lockStatement = (condition: string, eligible: string): string => `
  with recursive named as (
    (select id from public.handle
     where ${condition} and ($3::text[] is null or subject_issuer = any($3)) and ${eligible} and expires_at > $1
       and id <> all($2::text[])
     order by id limit ${CHANGE_PAGE})
    union
    select unnest($2::text[])
    union
    select child.id from public.handle child join named on child.parent_id = named.id
    where child.${eligible} and child.expires_at > $1
  )
  select ${HANDLE_COLUMNS} from public.handle
  where id in (select id from named) and id <> all($2::text[]) and ${eligible} and expires_at > $1
  order by id for update`;

/**
 * Locks a page of suspended handles that the selector names, from `after` on, and all suspended ones that descend from
 * them. No child is issued meanwhile: they are not live.
 */
export async function lockSuspended(
  connection: PostgresConnection,
  { selector, within, at }: Wanted,
  after: string,
): Promise<LockedPage> {
  const { text, values } = conditionOf(selector, 4);
  const named = await connection.query<{ id: string }>(
    `select id from public.handle
     where ${text} and ($3::text[] is null or subject_issuer = any($3)) and status = 'suspended' and expires_at > $1
       and id > $2 order by id limit ${CHANGE_PAGE}`,
    [at, after, bound(within), ...values],
  );
  const ids = named.map(({ id }) => id);
  const rows = await connection.query<HandleEntity>(LOCK_SUSPENDED, [at, ids]);
  return { rows, next: ids.length < CHANGE_PAGE ? undefined : ids.at(-1) };
}

const LOCK_SUSPENDED = `
  with recursive named as (
    select id from public.handle where id = any($2::text[])
    union
    select child.id from public.handle child join named on child.parent_id = named.id
    where child.status = 'suspended' and child.expires_at > $1
  )
  select ${HANDLE_COLUMNS} from public.handle
  where id in (select id from named) and status = 'suspended' and expires_at > $1
  order by id for update`;
