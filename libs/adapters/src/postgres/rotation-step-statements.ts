import { type SecretRef } from '#credentials';
import { type PosternEvent } from '#events';
import { type CredentialChange, mayFollow, type Rotation, type RotationStep } from '#rotation';
import { eventsParameter, jsonParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { PROGRESS_COLUMNS, rotationRow } from './rotation-row.js';

/** @throws TypeError */
export function assertLegal(stored: Rotation, { next }: RotationStep): void {
  if (mayFollow(stored.state, next.state)) return;
  throw new TypeError(`rotation ${stored.id}: ${next.state} may not follow ${stored.state}`);
}

/**
 * Writes a step of a rotation whose row is locked. Locks the credential, and last of all the keys of the events: the same
 * order as everywhere. Gives the serial that the credential had; undefined: it has no row, or was not asked for.
 */
export async function writeStep(
  connection: PostgresConnection,
  stored: Rotation,
  { next, credential, onlyWhenQuiet, events }: RotationStep,
): Promise<number | undefined> {
  const isConcerned = credential !== undefined || onlyWhenQuiet === true;
  const serial = isConcerned ? await lockSerial(connection, stored.ref) : undefined;
  if (credential !== undefined) {
    await (serial === undefined ? create : update)(connection, stored, credential);
    await destroyLater(connection, stored.ref, credential);
  }
  await connection.query(WRITE_PROGRESS, [
    stored.id,
    jsonParameter(rotationRow({ ...next, id: stored.id, ref: stored.ref })),
  ]);
  await append(connection, events);
  return serial;
}

export async function append(
  connection: PostgresConnection,
  events: readonly PosternEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await connection.query('select public.append_events($1::jsonb)', [eventsParameter(events)]);
}

const WRITE_PROGRESS = `
  update public.rotation set (${PROGRESS_COLUMNS}) = (
    select ${PROGRESS_COLUMNS} from jsonb_populate_record(null::public.rotation, $2::jsonb))
  where id = $1`;

async function lockSerial(
  connection: PostgresConnection,
  { mount, path }: SecretRef,
): Promise<number | undefined> {
  const [row] = await connection.query<{ serial: number }>(
    'select serial from public.credential where mount = $1 and path = $2 for no key update',
    [mount, path],
  );
  return row?.serial;
}

/** Names only the columns that change: control may change the gate and the state, and no version. */
async function update(
  connection: PostgresConnection,
  { ref }: Rotation,
  change: CredentialChange,
): Promise<void> {
  const { currentVersion, fallbackVersion, retiredVersion, gate, state } = change;
  const columns = Object.entries({
    current_version: currentVersion,
    fallback_version: fallbackVersion,
    retired_version: retiredVersion,
    gate,
    state,
  }).filter(([, value]) => value !== undefined);
  const settings = columns.map(([name], place) => `${name} = $${place + 3}`);
  if (state !== undefined || currentVersion !== undefined) settings.push(TRY_ANEW);
  if (currentVersion !== undefined) settings.push(ANOTHER_VERSION);
  await connection.query(
    `update public.credential set ${['serial = serial + 1', ...settings].join(', ')}
     where mount = $1 and path = $2`,
    [ref.mount, ref.path, ...columns.map(([, value]) => value)],
  );
}

/** One whose breaker is open from now on is tried at once; of the others nothing asks for a try. */
const TRY_ANEW = `try_due_at = null, tries = 0`;

/** What was found out of the version before says nothing of this one. */
const ANOTHER_VERSION = `epoch = epoch + 1, ask_after = '-infinity', cleared_until = '-infinity'`;

/** A rotation may bring a credential its first version; before that there is no row to change. */
async function create(
  connection: PostgresConnection,
  { ref, resource }: Rotation,
  change: CredentialChange,
): Promise<void> {
  const { currentVersion, fallbackVersion = null, retiredVersion = 0 } = change;
  if (currentVersion === undefined) return;
  await connection.query(
    `insert into public.credential (mount, path, resource, current_version, fallback_version, retired_version, gate, state)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ...[ref.mount, ref.path, resource, currentVersion, fallbackVersion, retiredVersion],
      ...[change.gate ?? 'open', change.state ?? 'active'],
    ],
  );
}

async function destroyLater(
  connection: PostgresConnection,
  { mount, path }: SecretRef,
  { destroyLater: later }: CredentialChange,
): Promise<void> {
  if (later === undefined) return;
  await connection.query(
    `insert into public.version_to_destroy as known (mount, path, version, due_at) values ($1, $2, $3, $4)
     on conflict (mount, path, version) do update set due_at = least(known.due_at, excluded.due_at)`,
    [mount, path, later.version, later.at],
  );
}
