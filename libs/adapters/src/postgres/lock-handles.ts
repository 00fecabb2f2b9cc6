import { type HandleChange } from '#handles';
import { conditionOf } from './handle-condition.js';
import { HANDLE_COLUMNS } from './handle-row.js';
import { type HandleEntity } from './handle.entity.js';
import { type PostgresConnection } from './postgres-connection.js';

/** Handles that one transaction changes, beside their descendants: it holds their locks, and calls wait for them. */
export const CHANGE_PAGE = 1_000;

/**
 * By the index on parents, one after the other: `offset 0` keeps the planner from comparing each of them with each live
 * handle, as it would for a table that it takes for small.
 */
const childrenOf = (parents: string, eligible: string): string => `
    select child.id from ${parents} cross join lateral (
      select id from public.handle where parent_id = ${parents}.id and ${eligible} and expires_at > $1 offset 0
    ) as child`;

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
  const { text, values } = conditionOf(selector, { bound: '$3', first: 4 });
  const eligible = status === 'active' ? `status = 'active'` : `status <> 'revoked'`;
  for (;;) {
    const rows = await connection.query<HandleEntity>(lockStatement(text, eligible), [
      ...[at, [...locked.keys()], bound(within)],
      ...values,
    ]);
    for (const row of rows) locked.set(row.id, row);
    if (rows.length === 0) break;
  }
  return { rows: [...locked.values()], next: locked.size < CHANGE_PAGE ? undefined : '' };
}

/**
 * In the order of their ids, as the call ledger locks them: two that lock the same handles never block each other. An
 * array, as a join with the named ones would look at each of them for each row.
 */
const lockStatement = (condition: string, eligible: string): string => `
  with recursive named as (
    (select id from public.handle
     where ${condition} and ${eligible} and expires_at > $1
       and id <> all($2::text[])
     order by id limit greatest(${CHANGE_PAGE} - cardinality($2::text[]), 0))
    union
    select unnest($2::text[])
    union
    ${childrenOf('named', eligible)}
  )
  select ${HANDLE_COLUMNS} from public.handle
  where id = any(array(select id from named except select unnest($2::text[]))) and ${eligible} and expires_at > $1
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
  const { text, values } = conditionOf(selector, { bound: '$3', first: 4 });
  const named = await connection.query<{ id: string }>(
    `select id from public.handle
     where ${text} and status = 'suspended' and expires_at > $1
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
    ${childrenOf('named', `status = 'suspended'`)}
  )
  select ${HANDLE_COLUMNS} from public.handle
  where id = any(array(select id from named)) and status = 'suspended' and expires_at > $1
  order by id for update`;
