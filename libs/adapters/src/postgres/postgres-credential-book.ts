import { type ManagedCredential, REFUSAL_WINDOW_SECONDS, type SecretRef } from '#credentials';
import { type PosternEvent } from '#events';
import { CredentialBook, type DueBreaker, type InstanceUse, type RefusalTally } from '#rotation';
import { CREDENTIAL_COLUMNS, type CredentialRow, managedFrom } from './credential-row.js';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

const ADOPT = `
  with adopted as (
    insert into public.credential (mount, path, resource, current_version) values ($1, $2, $3, $4)
    on conflict do nothing returning 1
  ), written as materialized (
    select public.append_events($5::jsonb) from adopted
  )
  select count(*) from written`;

const INSTANCES = `
  select instance_id as "instanceId", coalesce(told.serial, 0) as serial, coalesce(told.holding, false) as holding,
    coalesce(told.uses, '[]') as uses
  from public.proxy_instance left join lateral (
    select * from jsonb_to_recordset(credentials)
      as one(mount text, path text, serial integer, holding boolean, uses jsonb)
    where one.mount = $1 and one.path = $2 limit 1
  ) as told on true
  where reported_at >= clock_timestamp() - interval '5 seconds'
  order by instance_id, run`;

const REFUSALS = `
  select count(*)::integer as refused, (count(*) filter (where fallback_worked))::integer as "fallbackWorked"
  from public.credential_refusal
  where mount = $1 and path = $2 and version = $3
    and refused_at > clock_timestamp() - make_interval(secs => ${REFUSAL_WINDOW_SECONDS})`;

/**
 * Tried again after 30 s, 1, 2, 5 and then every 15 minutes. A value that turns out not to work is not cleared for longer
 * than a try takes. While calls are held back a rotation asks the legacy system itself, and needs the budget.
 */
const TAKE_DUE_BREAKER = `
  with due as materialized (
    select mount, path from public.credential
    where gate = 'open' and ((state = 'breaker_open' and coalesce(try_due_at, '-infinity') <= clock_timestamp())
      or (state = 'active' and try_due_at <= clock_timestamp()))
    order by coalesce(try_due_at, '-infinity') limit 1 for no key update skip locked
  )
  update public.credential as one set tries = tries + 1,
    try_due_at = clock_timestamp() + (array['30 s', '1 min', '2 min', '5 min', '15 min']::interval[])[least(tries + 1, 5)],
    cleared_until = least(cleared_until, clock_timestamp() + interval '30 seconds')
  from due where one.mount = due.mount and one.path = due.path
  returning one.mount, one.path, resource, current_version, state`;

/** What was not open does not close: of that nothing is told. */
const CLOSE_BREAKER = `
  with before as materialized (
    select mount, path, state from public.credential
    where mount = $1 and path = $2 and current_version = $3 for no key update
  ), closed as (
    update public.credential as one set tries = 0, try_due_at = null,
      ask_after = clock_timestamp() + interval '30 seconds',
      cleared_until = clock_timestamp() + interval '15 minutes',
      state = case when before.state = 'breaker_open' then 'active' else before.state end,
      serial = serial + case when before.state = 'breaker_open' then 1 else 0 end
    from before where one.mount = before.mount and one.path = before.path
    returning before.state as state_before
  ), written as materialized (
    select public.append_events($4::jsonb) from closed where state_before = 'breaker_open'
  )
  select count(*) from written`;

/** The credentials that are rotated, in PostgreSQL. Needs the role postern_rotator; `find` also does with postern_control. */
export class PostgresCredentialBook extends CredentialBook {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async adopt(
    credential: { readonly ref: SecretRef; readonly resource: string; readonly version: number },
    events: readonly PosternEvent[],
  ): Promise<void> {
    const { ref, resource, version } = credential;
    await this.#write(ADOPT, [ref.mount, ref.path, resource, version, eventsParameter(events)]);
  }

  override async find({ mount, path }: SecretRef): Promise<ManagedCredential | undefined> {
    const [row] = await this.database.query<CredentialRow>(
      `select ${CREDENTIAL_COLUMNS} from public.credential where mount = $1 and path = $2`,
      [mount, path],
      { name: 'find-credential' },
    );
    return row === undefined ? undefined : managedFrom(row);
  }

  override async instances({ mount, path }: SecretRef): Promise<readonly InstanceUse[]> {
    return this.database.query<InstanceUse>(INSTANCES, [mount, path], { name: 'list-instances' });
  }

  override async refusals({ mount, path }: SecretRef, version: number): Promise<RefusalTally> {
    const [row] = await this.database.query<RefusalTally>(REFUSALS, [mount, path, version], {
      name: 'count-refusals',
    });
    return row ?? { refused: 0, fallbackWorked: 0 };
  }

  override async takeDueBreaker(): Promise<DueBreaker | undefined> {
    const [row] = await this.database.query<CredentialRow>(TAKE_DUE_BREAKER, [], {
      name: 'take-due-breaker',
    });
    if (row === undefined) return undefined;
    return {
      ref: { mount: row.mount, path: row.path },
      resource: row.resource,
      version: row.current_version,
      isOpen: row.state === 'breaker_open',
    };
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async closeBreaker(
    { mount, path }: SecretRef,
    version: number,
    events: readonly PosternEvent[],
  ): Promise<void> {
    await this.#write(CLOSE_BREAKER, [mount, path, version, eventsParameter(events)]);
  }

  async #write(statement: string, parameters: readonly unknown[]): Promise<void> {
    await this.database.query(statement, parameters).catch((error: unknown) => {
      throw eventFailure(error);
    });
  }
}
