import { type PosternEvent } from '#events';
import {
  type Handle,
  type HandleChange,
  type HandleChangeSum,
  type HandleStatus,
  type OrderReceipt,
  targetOf,
} from '#handles';
import { eventsParameter } from './json-parameter.js';
import { handleFrom } from './handle-row.js';
import { CHANGE_PAGE, type LockedPage, lockLive, lockSuspended } from './lock-handles.js';
import { type PostgresConnection } from './postgres-connection.js';
import { liftSuspension, placeSuspension, resumable, stands } from './suspension-rows.js';

/** What the pages before have come to. */
export interface ChangeProgress {
  readonly changed: readonly Handle[];
  /** The named handle to go on behind. */
  readonly after: string;
}

export type ChangedPage =
  | { readonly kind: 'repeated'; readonly mark: string }
  /** `next`: undefined on the last page. */
  | {
      readonly kind: 'changed';
      readonly handles: readonly Handle[];
      readonly next: string | undefined;
    };

export { CHANGE_PAGE };

const STATUS: Readonly<Record<HandleChange['action'], HandleStatus>> = {
  revoke: 'revoked',
  suspend: 'suspended',
  resume: 'active',
};

/** One transaction of a change, with all that must become true together with it. */
export async function changePage(
  connection: PostgresConnection,
  change: HandleChange,
  { changed, after }: ChangeProgress,
): Promise<ChangedPage> {
  if (keepsIssuesOut(change)) await connection.query(TAKE_ISSUE_LOCK);
  const mark = await findMark(connection, change.receipt);
  if (mark !== undefined) return { kind: 'repeated', mark };
  const moved = await moveSuspension(connection, change);
  const { rows, next } = await lockPage(connection, change, after);
  const handles = await updated(connection, rows, change);
  const all = [...changed, ...handles];
  const events = handles.map(change.eventOf);
  if (moved || handles.length > 0) events.push(...(await stateOf(connection, change, all)));
  if (next === undefined) events.push(...(await kept(connection, change.receipt, all.length)));
  await append(connection, events);
  return { kind: 'changed', handles, next };
}

/**
 * Handles are issued under this lock, shared: whoever has it alone sees all that were issued, and none is issued until the
 * commit. What one handle is revoked by names none that is not there yet; its children are kept out by its own lock.
 */
const TAKE_ISSUE_LOCK = 'select pg_advisory_xact_lock(1886352244, 500)';

const keepsIssuesOut = ({ action, selector, receipt }: HandleChange): boolean =>
  action !== 'revoke' || selector.scope !== 'handle' || receipt !== undefined;

export async function findMark(
  connection: PostgresConnection,
  receipt: Pick<OrderReceipt, 'key'> | undefined,
): Promise<string | undefined> {
  if (receipt === undefined) return undefined;
  const [row] = await connection.query<{ mark: string }>(
    `select mark from public.order_receipt where key = decode($1, 'hex')`,
    [receipt.key],
  );
  return row?.mark;
}

function moveSuspension(connection: PostgresConnection, change: HandleChange): Promise<boolean> {
  switch (change.action) {
    case 'revoke':
      return Promise.resolve(false);
    case 'suspend':
      return placeSuspension(connection, change);
    case 'resume':
      return liftSuspension(connection, change);
  }
}

const lockPage = (
  connection: PostgresConnection,
  change: HandleChange,
  after: string,
): Promise<LockedPage> => {
  if (change.action === 'resume') return lockSuspended(connection, change, after);
  return lockLive(
    connection,
    change,
    change.action === 'suspend' ? 'active' : 'suspended or active',
  );
};

async function updated(
  connection: PostgresConnection,
  rows: LockedPage['rows'],
  { action, at }: HandleChange,
): Promise<readonly Handle[]> {
  if (rows.length === 0) return [];
  const handles = action === 'resume' ? await resumable(connection, rows) : rows.map(handleFrom);
  const status = STATUS[action];
  await connection.query(
    `update public.handle set status = $2, revoked_at = $3 where id = any($1)`,
    [handles.map(({ id }) => id), status, action === 'revoke' ? at : null],
  );
  return handles.map((handle): Handle => ({ ...handle, status }));
}

/**
 * The target is remembered, so that it is taken from the topic again when its last handle is gone. While another's
 * suspension of it stands, what the topic says is still true: who lifts their own does not hide that.
 */
async function stateOf(
  connection: PostgresConnection,
  { action, selector, stateOf: made, at }: HandleChange,
  changed: readonly Handle[],
): Promise<readonly PosternEvent[]> {
  if (made === undefined) return [];
  if (action === 'resume' && (await stands(connection, selector))) return [];
  const latest = changed.reduce((last, { expiresAt }) => (expiresAt > last ? expiresAt : last), at);
  const [row] = await connection.query<Pick<HandleChangeSum, 'until'>>(
    `insert into public.revocation_state as known (target, until) values ($1, $2)
     on conflict (target) do update set until = greatest(known.until, excluded.until) returning until`,
    [targetOf(selector), latest],
  );
  const familyId = changed.find(
    ({ id }) => selector.scope === 'handle' && id === selector.id,
  )?.familyId;
  return [made({ handles: changed.length, until: row?.until ?? at, familyId })];
}

export async function kept(
  connection: PostgresConnection,
  receipt: OrderReceipt | undefined,
  handles: number,
): Promise<readonly PosternEvent[]> {
  if (receipt === undefined) return [];
  const { key, mark, expiresAt, eventsOf } = receipt;
  await connection.query(
    `insert into public.order_receipt (key, mark, expires_at) values (decode($1, 'hex'), $2, $3)`,
    [key, mark, expiresAt],
  );
  return eventsOf(handles);
}

/** A statement for more would take a time that grows with their square, and in the end more than a statement may. */
const APPEND_PAGE = 100;

/** In the order of their keys, as each statement locks them: two that append to the same keys never block each other. */
export async function append(
  connection: PostgresConnection,
  events: readonly PosternEvent[],
): Promise<void> {
  const ordered = [...events].sort(byKey);
  for (let at = 0; at < ordered.length; at += APPEND_PAGE) {
    const page = ordered.slice(at, at + APPEND_PAGE);
    await connection.query('select public.append_events($1::jsonb)', [eventsParameter(page)]);
  }
}

/** Those of one key stay as they are. Byte by byte, as PostgreSQL does here. */
const byKey = (
  { partitionkey: one }: PosternEvent,
  { partitionkey: other }: PosternEvent,
): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
