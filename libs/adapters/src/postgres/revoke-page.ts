import { type Handle, type HandleRevocation, type HandleSelector } from '#handles';
import { HANDLE_COLUMNS, handleFrom } from './handle-row.js';
import { type HandleEntity } from './handle.entity.js';
import { eventsParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';

/** Handles that one transaction revokes, beside their descendants: it holds their locks, and calls wait for them. */
export const REVOKE_PAGE = 1_000;

interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a selector names, with parameters from $3 on. */
function conditionOf(selector: HandleSelector): Condition {
  const { id } = selector;
  switch (selector.scope) {
    case 'handle':
      return { text: 'id = $3', values: [id] };
    case 'family':
      return { text: 'family_id = $3', values: [id] };
    case 'subject':
      return {
        text: `(subject_id = $3 or (actor_ids <> '{}' and actor_ids @> array[$3::text]))`,
        values: [id],
      };
    case 'issuer':
      return { text: 'subject_issuer = $3', values: [id] };
    case 'grant':
      return {
        text: 'grant_id = $3 and grant_digest is distinct from $4',
        values: [id, selector.exceptDigest ?? null],
      };
    case 'key':
      return {
        text: 'subject_token_key_id = $3 and subject_issuer = $4',
        values: [id, selector.issuer],
      };
    case 'task':
      return { text: 'task = $3 and subject_id = $4', values: [id, selector.subjectId] };
    case 'resource':
      return { text: 'resource = $3', values: [id] };
  }
}

/**
 * Revokes at most REVOKE_PAGE handles that the selector names, and all that descends from them. A child is issued
 * under its parent's lock: once the parents are locked, each child that there will ever be is seen by the next look.
 */
export async function revokePage(
  connection: PostgresConnection,
  { selector, at, eventOf }: HandleRevocation,
): Promise<readonly Handle[]> {
  const locked = new Map<string, HandleEntity>();
  const { text, values } = conditionOf(selector);
  for (;;) {
    const rows = await connection.query<HandleEntity>(lockStatement(text), [
      at,
      [...locked.keys()],
      ...values,
    ]);
    if (rows.length === 0) break;
    for (const row of rows) locked.set(row.id, row);
    if (locked.size >= REVOKE_PAGE) break;
  }
  return revokeLocked(connection, [...locked.values()], { at, eventOf });
}

/** In the order of their ids, as the call ledger locks them: two that lock the same handles never block each other. */
const lockStatement = (condition: string): string => `
  with recursive named as (
    (select id from public.handle
     where ${condition} and status <> 'revoked' and expires_at > $1 and id <> all($2::text[])
     order by id limit ${REVOKE_PAGE})
    union
    select unnest($2::text[])
    union
    select child.id from public.handle child join named on child.parent_id = named.id
    where child.status <> 'revoked' and child.expires_at > $1
  )
  select ${HANDLE_COLUMNS} from public.handle
  where id in (select id from named) and id <> all($2::text[]) and status <> 'revoked' and expires_at > $1
  order by id for update`;

async function revokeLocked(
  connection: PostgresConnection,
  rows: readonly HandleEntity[],
  { at, eventOf }: Pick<HandleRevocation, 'at' | 'eventOf'>,
): Promise<readonly Handle[]> {
  if (rows.length === 0) return [];
  const handles = rows.map((row): Handle => ({ ...handleFrom(row), status: 'revoked' }));
  await connection.query(
    `update public.handle set status = 'revoked', revoked_at = $2 where id = any($1)`,
    [handles.map(({ id }) => id), at],
  );
  await connection.query('select public.append_events($1::jsonb)', [
    eventsParameter(handles.map(eventOf)),
  ]);
  return handles;
}
