import { type ManagedCredential, type SecretRef } from '#credentials';
import { type PosternEvent } from '#events';
import {
  isAtRest,
  type LeasedRotation,
  type Rotation,
  type RotationFilter,
  RotationLeaseLost,
  type RotationStep,
  RotationStore,
} from '#rotation';
import { CREDENTIAL_COLUMNS, type CredentialRow, managedFrom } from './credential-row.js';
import { eventFailure, eventsParameter, jsonParameter } from './json-parameter.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';
import { ROTATION_COLUMNS, rotationFrom, type RotationRow, rotationRow } from './rotation-row.js';
import { assertLegal, writeStep } from './rotation-step-statements.js';

const LIST_LIMIT_MAX = 500;

// The second of two at once waits for the first one's commit, finds a row of it and writes nothing.
const REQUEST = `
  with asked as (
    insert into public.rotation (${ROTATION_COLUMNS})
    select ${ROTATION_COLUMNS} from jsonb_populate_record(null::public.rotation, $1::jsonb)
    on conflict do nothing returning 1
  ), written as materialized (
    select public.append_events($2::jsonb) from asked
  )
  select from asked where (select count(*) from written) >= 0`;

/** The states are those of the index `rotation_due`. */
const LEASE = `
  with due as materialized (
    select id from public.rotation
    where state not in ('done', 'wrap_suspect', 'wrap_lost', 'abandoned', 'rolled_back', 'manual_required')
      and due_at <= clock_timestamp() and (lease_until is null or lease_until <= clock_timestamp())
    order by due_at limit 1 for no key update skip locked
  )
  update public.rotation set lease_owner = $1, fence = fence + 1,
    lease_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
  from due where rotation.id = due.id
  returning ${ROTATION_COLUMNS.replace(/^id/, 'rotation.id')}, fence`;

/** One that was given up by a commit stays so until the rotation is due. */
const RENEW = `
  update public.rotation set lease_until = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
  where id = $1 and lease_owner = $2 and fence = $3 and (lease_until is not null or due_at <= clock_timestamp())
  returning 1`;

const LOCK = `
  select ${ROTATION_COLUMNS}, lease_owner, fence from public.rotation where id = $1 for no key update`;

const LOCK_CREDENTIAL = `
  select ${CREDENTIAL_COLUMNS} from public.credential where mount = $1 and path = $2 for no key update`;

/** There is nothing to do now: whoever comes when there is may have it. */
const GIVE_UP = `
  update public.rotation set lease_until = null where id = $1 and ($2 or due_at > clock_timestamp())`;

const END_LEASE = `
  update public.rotation set lease_owner = null, lease_until = null, fence = fence + 1 where id = $1`;

const LIST = `
  select ${ROTATION_COLUMNS} from public.rotation
  where ($1::text is null or resource = $1) and ($2::text[] is null or state = any($2))
    and ($3::text is null or seq < (select seq from public.rotation where id = $3))
    and ($5::text is null or id = $5)
  order by seq desc limit $4`;

type LockedRow = RotationRow & { readonly lease_owner: string | null; readonly fence: number };

/** Ends the transaction without a trace. */
class NotQuiet extends Error {}

/**
 * Rotations in PostgreSQL, by the clock of the database. Needs the role postern_rotator; to request, list and intervene
 * also postern_control does, which may change no version. Methods that write events throw EventTooLarge as well.
 */
export class PostgresRotationStore extends RotationStore {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async request(
    rotation: Rotation,
    events: readonly PosternEvent[],
  ): Promise<'requested' | 'active' | 'repeated'> {
    const parameters = [jsonParameter(rotationRow(rotation)), eventsParameter(events)];
    const rows = await this.database.query(REQUEST, parameters).catch(rethrowNamed);
    if (rows.length > 0) return 'requested';
    return (await this.#hasOccurred(rotation)) ? 'repeated' : 'active';
  }

  override async lease(owner: string, leaseMs: number): Promise<LeasedRotation | undefined> {
    const [row] = await this.database.query<LockedRow>(LEASE, [owner, leaseMs], {
      name: 'lease-rotation',
    });
    return row === undefined ? undefined : { rotation: rotationFrom(row), owner, fence: row.fence };
  }

  /** With 0 it is given up. */
  override async renew(
    { rotation, owner, fence }: LeasedRotation,
    leaseMs: number,
  ): Promise<boolean> {
    const rows = await this.database.query(RENEW, [rotation.id, owner, fence, leaseMs], {
      name: 'renew-rotation',
    });
    return rows.length > 0;
  }

  override async commit(
    lease: LeasedRotation,
    step: RotationStep,
  ): Promise<'committed' | 'not_quiet'> {
    const commit = this.database.transaction(async (connection) => {
      const stored = await lockHeld(connection, lease);
      assertLegal(stored, step);
      const serial = await writeStep(connection, stored, step);
      await connection.query(GIVE_UP, [stored.id, isAtRest(step.next.state)]);
      // Last, as reports wait from here to the commit.
      if (step.onlyWhenQuiet === true) await assertQuiet(connection, stored.ref, serial);
    });
    return commit.then(
      () => 'committed',
      (error: unknown) => (error instanceof NotQuiet ? 'not_quiet' : rethrowNamed(error)),
    );
  }

  override async list({
    id,
    resource,
    states,
    before,
    limit,
  }: RotationFilter): Promise<readonly Rotation[]> {
    const rows = await this.database.query<RotationRow>(LIST, [
      resource ?? null,
      states ?? null,
      before ?? null,
      Math.max(1, Math.min(limit, LIST_LIMIT_MAX)),
      id ?? null,
    ]);
    return rows.map(rotationFrom);
  }

  override async intervene(
    id: string,
    decide: (rotation: Rotation, credential: ManagedCredential | undefined) => RotationStep,
  ): Promise<Rotation | undefined> {
    const intervention = this.database.transaction(async (connection) => {
      const [row] = await connection.query<LockedRow>(LOCK, [id]);
      if (row === undefined) return undefined;
      const stored = rotationFrom(row);
      const step = decide(stored, await lockCredential(connection, stored.ref));
      assertLegal(stored, step);
      await writeStep(connection, stored, step);
      await connection.query(END_LEASE, [id]);
      const [after] = await connection.query<LockedRow>(LOCK, [id]);
      return after === undefined ? undefined : rotationFrom(after);
    });
    return intervention.catch(rethrowNamed);
  }

  async #hasOccurred({ ref, occurrence }: Rotation): Promise<boolean> {
    if (occurrence === undefined) return false;
    const rows = await this.database.query(
      'select 1 from public.rotation where mount = $1 and path = $2 and occurrence = $3',
      [ref.mount, ref.path, occurrence],
    );
    return rows.length > 0;
  }
}

/** As it stands for as long as the lock is held: no step of the engine, and no refusal, comes in between. */
async function lockCredential(
  connection: PostgresConnection,
  { mount, path }: SecretRef,
): Promise<ManagedCredential | undefined> {
  const [row] = await connection.query<CredentialRow>(LOCK_CREDENTIAL, [mount, path]);
  return row === undefined ? undefined : managedFrom(row);
}

/** @throws RotationLeaseLost */
async function lockHeld(
  connection: PostgresConnection,
  { rotation: { id }, owner, fence }: LeasedRotation,
): Promise<Rotation> {
  const [row] = await connection.query<LockedRow>(LOCK, [id]);
  if (row?.lease_owner === owner && row.fence === fence) return rotationFrom(row);
  throw new RotationLeaseLost(`rotation ${id} is leased to another rotator`);
}

/** A credential that no instance has heard of holds no call back: that is not quiet. */
async function assertQuiet(
  connection: PostgresConnection,
  { mount, path }: SecretRef,
  serial: number | undefined,
): Promise<void> {
  const [row] = await connection.query<{ is_quiet: boolean }>(
    'select public.census_is_quiet($1, $2, $3) as is_quiet',
    [mount, path, serial ?? 0],
  );
  if (serial === undefined || row?.is_quiet !== true) throw new NotQuiet();
}

function rethrowNamed(error: unknown): never {
  throw eventFailure(error);
}
