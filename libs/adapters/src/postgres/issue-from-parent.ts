import { type PosternEvent } from '#events';
import { type Handle, isNamed, type IssueOutcome, targetsOf } from '#handles';
import { handleParameter, INSERT_HANDLE } from './issue-statement.js';
import { eventsParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type SuspensionRow } from './suspension-rows.js';

/**
 * A handle that descends from another. Taking the calls locks the parent's row, so that a revocation of it comes either
 * before, and nothing is issued, or after, and finds the child. The lock on issuing, which the look at suspensions takes,
 * comes before that of the row, as it does for whoever revokes.
 */
export async function issueFromParent(
  connection: PostgresConnection,
  handle: Handle,
  events: readonly PosternEvent[],
): Promise<IssueOutcome> {
  const standing = await connection.query<Pick<SuspensionRow, 'target' | 'issuers'>>(
    'select target, issuers from public.standing_suspensions($1)',
    [targetsOf(handle).map(({ target }) => target)],
  );
  if (standing.some((one) => isNamed(handle, one))) return 'suspended';
  const [row] = await connection.query<{ taken: boolean }>(
    'select public.take_calls($1, $2, $3, $4) as taken',
    [handle.parentId, handle.maxCalls, handle.issuedAt, handle.expiresAt],
  );
  if (row?.taken !== true) return 'orphaned';
  await connection.query(INSERT_HANDLE, [handleParameter(handle)]);
  await connection.query('select public.append_events($1::jsonb)', [eventsParameter(events)]);
  return 'issued';
}
