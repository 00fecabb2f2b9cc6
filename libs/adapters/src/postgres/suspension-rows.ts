import {
  type Handle,
  type HandleChange,
  type HandleSelector,
  isNamed,
  type StandingSuspension,
  targetOf,
  targetsOf,
} from '#handles';
import { sha256OfParts } from '#kernel';
import { type HandleEntity } from './handle.entity.js';
import { handleFrom } from './handle-row.js';
import { type PostgresConnection } from './postgres-connection.js';

/** A row of `suspension`. */
export interface SuspensionRow {
  readonly target: string;
  readonly issuers: readonly string[];
  readonly scope: HandleSelector['scope'];
  readonly id: string;
  readonly issuer: string | null;
  readonly subject_id: string | null;
  readonly reason: string;
  readonly initiator: StandingSuspension['initiator'];
  readonly initiator_id: string | null;
  readonly since: Date;
}

type Suspension = Extract<HandleChange, { action: 'suspend' }>;

/** One handle is suspended for as long as it lives; one that is not there is not suspended. */
const PLACE = `
  insert into public.suspension
    (target, bound, issuers, scope, id, issuer, subject_id, reason, initiator, initiator_id, since, expires_at)
  select $1, $2, $3::text[], $4, $5, $6, $7, $8, $9, $10, $11::timestamptz, handle.expires_at
  from (values (1)) as one(n) left join public.handle on $4 = 'handle' and handle.id = $5
  where $4 <> 'handle' or (handle.expires_at > $11::timestamptz and handle.status <> 'revoked'
    and (cardinality($3::text[]) = 0 or handle.subject_issuer = any($3::text[])))
  on conflict (target, bound) do nothing
  returning 1`;

/** A detection suspends for a time. Who suspends the same afterwards means to: the end of the first must not end that too. */
const TAKE_OVER = `
  delete from public.suspension
  where target = $1 and bound = $2 and initiator = 'policy' and initiator_id is distinct from $3 returning 1`;

/** Resolves to whether it did not stand before, or was a detection's. */
export async function placeSuspension(
  connection: PostgresConnection,
  { selector, within, ...order }: Suspension,
): Promise<boolean> {
  const issuers = within === undefined ? [] : [...within].sort();
  const initiatorId = order.initiatorId ?? null;
  await connection.query(TAKE_OVER, [targetOf(selector), boundOf(issuers), initiatorId]);
  const rows = await connection.query(PLACE, [
    ...[targetOf(selector), boundOf(issuers), issuers, selector.scope, selector.id],
    selector.scope === 'key' ? selector.issuer : null,
    selector.scope === 'task' ? selector.subjectId : null,
    ...[order.reason, order.initiator, initiatorId, order.at],
  ]);
  return rows.length > 0;
}

/** Resolves to whether one stood. */
export async function liftSuspension(
  connection: PostgresConnection,
  { selector, within }: Pick<HandleChange, 'selector' | 'within'>,
): Promise<boolean> {
  const rows = await connection.query(
    `delete from public.suspension
     where target = $1 and ($2::text[] is null or (bound <> '' and issuers <@ $2::text[])) returning 1`,
    [targetOf(selector), within === undefined ? null : [...within]],
  );
  return rows.length > 0;
}

/** Whether anyone's suspension of the same stands. */
export async function stands(
  connection: PostgresConnection,
  selector: HandleSelector,
): Promise<boolean> {
  const rows = await connection.query('select 1 from public.suspension where target = $1 limit 1', [
    targetOf(selector),
  ]);
  return rows.length > 0;
}

/** Of these suspended handles those that may be active again: no suspension names them, and their parent is not suspended. */
export async function resumable(
  connection: PostgresConnection,
  rows: readonly HandleEntity[],
): Promise<readonly Handle[]> {
  const handles = rows.map(handleFrom).sort((one, other) => one.chainDepth - other.chainDepth);
  const standing = await standingAmong(connection, handles);
  const stopped = await suspendedAmong(connection, handles);
  const free: Handle[] = [];
  for (const handle of handles) {
    const isStopped =
      stopped.has(handle.parentId ?? '') || standing.some((one) => isNamed(handle, one));
    if (isStopped) continue;
    stopped.delete(handle.id);
    free.push(handle);
  }
  return free;
}

function standingAmong(
  connection: PostgresConnection,
  handles: readonly Handle[],
): Promise<SuspensionRow[]> {
  const targets = [...new Set(handles.flatMap(targetsOf).map(({ target }) => target))];
  return connection.query<SuspensionRow>(
    'select target, issuers from public.suspension where target = any($1)',
    [targets],
  );
}

/** Ids of the handles and of their parents that are suspended. */
async function suspendedAmong(
  connection: PostgresConnection,
  handles: readonly Handle[],
): Promise<Set<string>> {
  const parents = handles.flatMap(({ parentId }) => parentId ?? []);
  const rows = await connection.query<{ id: string }>(
    `select id from public.handle where id = any($1) and status = 'suspended'`,
    [[...new Set([...parents, ...handles.map(({ id }) => id)])]],
  );
  return new Set(rows.map(({ id }) => id));
}

const boundOf = (issuers: readonly string[]): string =>
  issuers.length === 0 ? '' : sha256OfParts(issuers);
