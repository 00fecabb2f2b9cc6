/** Of every event that is kept. `at` is part of the key as it says in which partition a row lies; no event has two. */
const EVENT = `
  event_id      uuid not null,
  at            timestamptz not null,
  recorded_at   timestamptz not null,
  kept_at       timestamptz not null default clock_timestamp(),
  env           text not null,
  deployment    text not null,
  partition_key text collate "C" not null,
  sequence      bigint not null`;

/**
 * Evidence by the day of event time. `zone` is how zones are compared: the name, or the network of an address that is in
 * none (then `zone_name` is null). Text that a caller chose is as short as the events have it; collation "C", as rules
 * only compare for equality.
 */
export const EVIDENCE_TABLES = [
  `create table public.evidence_exchange (
    ${EVENT},
    outcome           text not null check (outcome in ('permitted', 'denied')),
    reason            text,
    subject_id        text collate "C",
    issuer            text,
    subject_kind      text,
    client_ip         text,
    zone              text collate "C",
    zone_name         text,
    agent             text collate "C",
    token_fp          text collate "C",
    family_id         text collate "C",
    handle_id         text collate "C",
    exchange_id       text collate "C",
    prior_exchange_id text collate "C",
    prior_env         text,
    resource          text collate "C",
    grant_id          text,
    binding           text,
    parent_handle_id  text,
    token_issued_at   timestamptz,
    handle_expires_at timestamptz,
    occurrences       integer not null check (occurrences > 0),
    primary key (at, event_id)
  ) partition by range (at)`,
  `create index evidence_exchange_subject on public.evidence_exchange (subject_id, at)`,
  `create index evidence_exchange_family on public.evidence_exchange (family_id, at) where outcome = 'permitted'`,
  `create index evidence_exchange_handle on public.evidence_exchange (handle_id) where outcome = 'permitted'`,
  `create index evidence_exchange_id on public.evidence_exchange (exchange_id) where outcome = 'permitted'`,
  `create index evidence_exchange_replay on public.evidence_exchange (prior_exchange_id, at)
    where reason in ('replayed', 'cross_env_replay')`,
  `create index evidence_exchange_peer on public.evidence_exchange (partition_key) where subject_id is null`,
  `create index evidence_exchange_denied on public.evidence_exchange (at) where outcome = 'denied'`,
  `create table public.evidence_exchange_default partition of public.evidence_exchange default`,

  `create table public.evidence_use (
    ${EVENT},
    outcome     text not null check (outcome in ('permitted', 'denied')),
    reason      text,
    handle_id   text collate "C",
    handle_fp   text collate "C",
    subject_id  text collate "C",
    resource    text collate "C",
    route       text,
    client_ip   text,
    zone        text collate "C",
    zone_name   text,
    agent       text collate "C",
    checksum_ok boolean,
    env_handle  text,
    bytes_in    bigint,
    bytes_out   bigint,
    occurrences integer not null check (occurrences > 0),
    primary key (at, event_id)
  ) partition by range (at)`,
  `create index evidence_use_handle on public.evidence_use (handle_id, at)`,
  `create index evidence_use_peer on public.evidence_use (partition_key) where handle_id is null`,
  `create index evidence_use_denied on public.evidence_use (at) where outcome = 'denied'`,
  `create table public.evidence_use_default partition of public.evidence_use default`,

  `create table public.evidence_change (
    ${EVENT},
    change    text not null
      check (change in ('issued', 'first_used', 'suspended', 'resumed', 'revoked', 'expired', 'other')),
    handle_id text collate "C" not null,
    family_id text collate "C",
    reason    text,
    initiator text,
    check (change = 'other' or family_id is not null),
    primary key (at, event_id)
  ) partition by range (at)`,
  `create index evidence_change_handle on public.evidence_change (handle_id, at)`,
  `create table public.evidence_change_default partition of public.evidence_change default`,

  `create table public.evidence_rotation (
    ${EVENT},
    resource     text collate "C" not null,
    rotation_id  text collate "C" not null,
    state        text not null,
    trigger      text not null,
    from_version integer,
    to_version   integer,
    initiator_id text,
    primary key (at, event_id)
  ) partition by range (at)`,
  `create table public.evidence_rotation_default partition of public.evidence_rotation default`,

  `create view public.exchanges as
    select event_id, at, recorded_at, env, deployment, outcome, reason, subject_id, issuer, subject_kind, client_ip,
      zone, agent, token_fp, family_id, handle_id, exchange_id, prior_exchange_id, prior_env, resource, grant_id,
      binding, occurrences
    from public.evidence_exchange`,
  `create view public.uses as
    select event_id, at, recorded_at, env, deployment, outcome, reason, handle_id, handle_fp, subject_id, resource,
      route, client_ip, zone, agent, checksum_ok, env_handle, bytes_in, bytes_out, occurrences
    from public.evidence_use`,
  `create view public.changes as
    select event_id, at, recorded_at, env, deployment, change, handle_id, family_id, reason, initiator
    from public.evidence_change`,
  `create view public.rotations as
    select event_id, at, recorded_at, env, deployment, resource, rotation_id, state, trigger, from_version, to_version,
      initiator_id
    from public.evidence_rotation`,
];

/**
 * Sums that whoever keeps an event adds it to, in the same statement. They outlive the events: baselines of 14 and 30
 * days are read from them. An empty text stands for what an event does not say, as a key has no null.
 */
export const ROLLUP_TABLES = [
  `create table public.exchange_rollup (
    bucket      timestamptz not null,
    subject_id  text collate "C" not null,
    resource    text collate "C" not null,
    zone        text collate "C" not null,
    client_ip   text collate "C" not null,
    exchanges   bigint not null,
    permitted   bigint not null,
    primary key (bucket, subject_id, resource, zone, client_ip)
  ) with (fillfactor = 70)`,
  `comment on column public.exchange_rollup.bucket is 'the five minutes that begin then'`,
  `create index exchange_rollup_subject on public.exchange_rollup (subject_id, bucket)`,
  `create table public.use_rollup (
    bucket     timestamptz not null,
    handle_id  text collate "C" not null,
    resource   text collate "C" not null,
    zone       text collate "C" not null,
    agent      text collate "C" not null,
    uses       bigint not null,
    bytes_out  bigint not null,
    primary key (bucket, handle_id, resource, zone, agent)
  ) with (fillfactor = 70)`,
  `comment on column public.use_rollup.bucket is 'the hour that begins then'`,
  `create index use_rollup_handle on public.use_rollup (handle_id, bucket)`,
  `create index use_rollup_resource on public.use_rollup (resource, bucket)`,
  `create table public.evidence_counter (
    deployment     text collate "C" not null,
    partition_key  text collate "C" not null,
    first_sequence bigint not null,
    last_sequence  bigint not null,
    kept           bigint not null,
    kept_at        timestamptz not null,
    primary key (deployment, partition_key)
  ) with (fillfactor = 70)`,
  `comment on table public.evidence_counter is 'of the partition keys whose every event must come: which came'`,
  `create index evidence_counter_open on public.evidence_counter (deployment, partition_key)
    where last_sequence - first_sequence + 1 <> kept`,
  `create view public.exchange_counts as
    select bucket, subject_id, resource, zone, client_ip, exchanges, permitted from public.exchange_rollup`,
  `create view public.use_counts as
    select bucket, handle_id, resource, zone, agent, uses, bytes_out from public.use_rollup`,
];

/**
 * Makes the partitions of yesterday, today and the next three days, and drops those that are older than any rule or dry
 * run looks: uses 9 days, the rest 32. Sums go with them: uses 23 days, exchanges 39. Days for which rows lie in the
 * default partition stay there. Resolves to about how many events it forgot.
 */
export const MAINTAIN_EVIDENCE = `
  create function public.maintain_evidence(instant timestamptz) returns bigint
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  set timezone = 'UTC'
  set lock_timeout = '2s'
  as $$
  declare
    kept record;
    day date;
    partition_name text;
    found_rows bigint;
    forgotten bigint := 0;
  begin
    if not pg_try_advisory_xact_lock(1886352244, 701) then return 0; end if; -- Another one is at it.
    for kept in select * from (values ('evidence_exchange', 32), ('evidence_use', 9), ('evidence_change', 32),
      ('evidence_rotation', 32)) as listed(name, days)
    loop
      for day in select generate_series(instant::date - 1, instant::date + 3, '1 day')::date loop
        partition_name := kept.name || '_' || to_char(day, 'YYYYMMDD');
        if to_regclass('public.' || partition_name) is not null then continue; end if;
        begin
          execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
            partition_name, kept.name, day::timestamptz, (day + 1)::timestamptz);
        exception
          when check_violation or lock_not_available then null;
        end;
      end loop;
      for partition_name in
        select child.relname from pg_inherits join pg_class child on child.oid = inhrelid
        where inhparent = ('public.' || kept.name)::regclass and child.relname ~ '_[0-9]{8}$'
          and to_date(right(child.relname, 8), 'YYYYMMDD') < instant::date - kept.days
      loop
        begin
          execute format('select count(*) from public.%I', partition_name) into found_rows;
          execute format('drop table public.%I', partition_name);
          forgotten := forgotten + found_rows;
        exception
          when lock_not_available then null;
        end;
      end loop;
      execute format('delete from public.%I where at < $1', kept.name || '_default')
        using (instant::date - kept.days)::timestamptz;
      get diagnostics found_rows = row_count;
      forgotten := forgotten + found_rows;
    end loop;
    delete from public.evidence_counter where kept_at < instant - interval '9 days';
    delete from public.use_rollup where bucket < instant - interval '23 days';
    delete from public.exchange_rollup where bucket < instant - interval '39 days';
    return forgotten;
  end
  $$`;
