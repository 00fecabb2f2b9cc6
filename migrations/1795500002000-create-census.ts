import { ForwardMigration } from './forward-migration.js';

/**
 * What instances of the proxy do with credentials, what legacy systems refused, and how many logins may still fail.
 */
export class CreateCensus1795500002000 extends ForwardMigration {
  readonly name = 'CreateCensus1795500002000';

  protected readonly statements = [
    // Logged as every other table: after a crash of the server an instance must not count as gone that is not. No index
    // but the key, so that a report is an update in place.
    `create table public.proxy_instance (
      instance_id text collate "C" not null check (length(instance_id) between 1 and 200),
      run         uuid not null,
      report      bigint not null,
      reported_at timestamptz not null,
      credentials jsonb not null
        check (jsonb_typeof(credentials) = 'array' and octet_length(credentials::text) <= 1048576),
      primary key (instance_id, run)
    ) with (fillfactor = 30)`,
    `comment on column public.proxy_instance.report is 'counts the reports of the run: an older one that comes late is refused'`,
    `create table public.credential_refusal (
      mount           text collate "C" not null,
      path            text collate "C" not null,
      version         integer not null check (version > 0),
      call_id         text collate "C" not null check (length(call_id) between 1 and 200),
      status          integer,
      fallback_worked boolean not null,
      refused_at      timestamptz not null,
      primary key (mount, path, version, call_id)
    )`,
    `create index credential_refusal_time on public.credential_refusal (mount, path, version, refused_at)`,
    `create index credential_refusal_age on public.credential_refusal (refused_at)`,
    `create table public.login_attempt (
      id       text collate "C" primary key check (length(id) <= 64),
      mount    text collate "C" not null,
      path     text collate "C" not null,
      fails_at timestamptz not null
    )`,
    `comment on column public.login_attempt.fails_at is 'when it failed, or when it will have failed at the latest'`,
    `create index login_attempt_account on public.login_attempt (mount, path, fails_at)`,
    REPORT_CENSUS,
    LEAVE_CENSUS,
    CENSUS_IS_QUIET,
    RECORD_REFUSALS,
    RESERVE_LOGIN,
    `revoke all on function public.report_census(text, uuid, bigint, jsonb) from public`,
    `revoke all on function public.leave_census(text, uuid) from public`,
    `revoke all on function public.census_is_quiet(text, text, integer) from public`,
    `revoke all on function public.record_refusals(jsonb) from public`,
    `revoke all on function public.reserve_login(text, text, text, integer, interval) from public`,

    // Says what it does and what was refused, in these ways alone. It reads no other instance's reports.
    `grant execute on function public.report_census(text, uuid, bigint, jsonb) to postern_proxy`,
    `grant execute on function public.leave_census(text, uuid) to postern_proxy`,
    `grant execute on function public.record_refusals(jsonb) to postern_proxy`,

    // Reads what was said, forgets it, and tries values.
    `grant execute on function public.census_is_quiet(text, text, integer) to postern_rotator`,
    `grant execute on function public.reserve_login(text, text, text, integer, interval) to postern_rotator`,
    `grant select, delete on public.proxy_instance to postern_rotator`,
    `grant select, delete on public.credential_refusal to postern_rotator`,
    `grant select, insert, delete on public.login_attempt to postern_rotator`,
    `grant update (fails_at) on public.login_attempt to postern_rotator`,
  ];
}

/**
 * Replaces what an instance said before, and answers with all credentials. The lock is shared with other reports;
 * whoever holds calls back for good takes it alone (census_is_quiet): so a report comes either before, and is seen, or
 * after, and its answer has the gate that is held. A volatile function has a new snapshot for each of its statements:
 * the answer is read after the lock. A report that was overtaken by a later one of the same run is not recorded, and
 * not answered either: its sender might act by it.
 */
const REPORT_CENSUS = `
  create function public.report_census(of_instance text, of_run uuid, nth bigint, told jsonb)
  returns setof public.credential
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    perform pg_advisory_xact_lock_shared(1886352244, 600);
    insert into public.proxy_instance as known (instance_id, run, report, reported_at, credentials)
    values (of_instance, of_run, nth, clock_timestamp(), told)
    on conflict (instance_id, run) do update
      set report = excluded.report, reported_at = clock_timestamp(), credentials = excluded.credentials
      where known.report < excluded.report;
    if not found then
      raise exception 'this report was overtaken' using errcode = 'object_not_in_prerequisite_state';
    end if;
    return query select * from public.credential;
  end
  $$`;

const LEAVE_CENSUS = `
  create function public.leave_census(of_instance text, of_run uuid) returns void
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    delete from public.proxy_instance where instance_id = of_instance and run = of_run
  $$`;

/**
 * Whether every live instance acts by this serial of the credential, holds back its calls and has none unanswered. It
 * stays true until the commit: no report comes in meanwhile. When the lock is not had within a second the answer is no,
 * so that reports, which wait behind whoever waits for it, never wait for long.
 */
const CENSUS_IS_QUIET = `
  create function public.census_is_quiet(of_mount text, of_path text, of_serial integer) returns boolean
  language plpgsql volatile
  set search_path = pg_catalog, public, pg_temp
  set lock_timeout = '1s'
  as $$
  begin
    perform pg_advisory_xact_lock(1886352244, 600);
    return not exists (
      select from public.proxy_instance as instance
      where instance.reported_at >= clock_timestamp() - interval '5 seconds' and not exists (
        select from jsonb_to_recordset(instance.credentials)
          as told(mount text, path text, serial integer, holding boolean, uses jsonb)
        where told.mount = of_mount and told.path = of_path and told.serial = of_serial and told.holding
          and not exists (
            select from jsonb_to_recordset(told.uses) as use(unanswered integer) where use.unanswered > 0)));
  exception
    when lock_not_available then return false;
  end
  $$`;

/**
 * Records refused calls, each once, and judges the credentials that they are of, in the order of their refs and under
 * their locks: two refusals of the current version within 60 seconds open the breaker of an active one, unless it is
 * known to work; then they ask for a try. Gives the credentials, and of what opened why.
 */
const RECORD_REFUSALS = `
  create function public.record_refusals(told jsonb)
  returns table (managed jsonb, failures integer, last_status integer, last_call text, opened_at timestamptz)
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    one public.credential;
    instant timestamptz;
    is_current boolean;
  begin
    for one in
      select credential.* from public.credential
      where (credential.mount, credential.path) in (
        select refusal.mount, refusal.path from jsonb_to_recordset(told) as refusal(mount text, path text))
      order by credential.mount, credential.path for no key update
    loop
      instant := clock_timestamp();
      insert into public.credential_refusal as known
        (mount, path, version, call_id, status, fallback_worked, refused_at)
      select one.mount, one.path, refusal.version, refusal.call_id, max(refusal.status), bool_or(refusal.fallback_worked),
        instant
      from jsonb_to_recordset(told)
        as refusal(mount text, path text, version integer, call_id text, status integer, fallback_worked boolean)
      where refusal.mount = one.mount and refusal.path = one.path
      group by refusal.version, refusal.call_id
      on conflict (mount, path, version, call_id) do update
        set fallback_worked = known.fallback_worked or excluded.fallback_worked;

      select (item ->> 'status')::integer, item ->> 'call_id' into last_status, last_call
      from jsonb_array_elements(told) with ordinality as listed(item, place)
      where item ->> 'mount' = one.mount and item ->> 'path' = one.path
        and (item ->> 'version')::integer = one.current_version
      order by place desc limit 1;
      is_current := found;
      select count(*) into failures from public.credential_refusal as known
      where known.mount = one.mount and known.path = one.path and known.version = one.current_version
        and known.refused_at > instant - interval '60 seconds';
      opened_at := null;
      if is_current and one.state = 'active' and one.cleared_until > instant then
        update public.credential set try_due_at = coalesce(try_due_at, greatest(instant, ask_after))
        where credential.mount = one.mount and credential.path = one.path;
      elsif is_current and one.state = 'active' and failures >= 2 then
        update public.credential set state = 'breaker_open', serial = serial + 1, try_due_at = instant, tries = 0
        where credential.mount = one.mount and credential.path = one.path returning * into one;
        opened_at := instant;
      end if;
      managed := to_jsonb(one);
      return next;
    end loop;
  end
  $$`;

/**
 * Null: a login is reserved under this id; else when it is worth to ask again. A login that is under way counts as one
 * that fails, 30 seconds from now at the latest, so that a process that dies has spent what it reserved; as it may be
 * given back at any moment, who waits for it asks again after 5 seconds.
 */
const RESERVE_LOGIN = `
  create function public.reserve_login(of_mount text, of_path text, login text, failures_max integer, per interval)
  returns timestamptz
  language plpgsql volatile
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    instant timestamptz;
    free_at timestamptz[];
  begin
    perform pg_advisory_xact_lock(hashtextextended(json_build_array(of_mount, of_path)::text, 600));
    instant := clock_timestamp();
    select coalesce(array_agg(freed order by freed), '{}') into free_at from (
      select case when fails_at > instant then instant + interval '5 seconds' else fails_at + per end as freed
      from public.login_attempt where mount = of_mount and path = of_path and fails_at > instant - per
    ) as counted;
    if cardinality(free_at) >= failures_max then
      return coalesce(free_at[cardinality(free_at) - failures_max + 1], instant + per);
    end if;
    insert into public.login_attempt (id, mount, path, fails_at)
    values (login, of_mount, of_path, instant + interval '30 seconds');
    return null;
  end
  $$`;
