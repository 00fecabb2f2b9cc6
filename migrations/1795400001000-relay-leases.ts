import { ForwardMigration } from './forward-migration.js';

/**
 * Who carries which shard of the outbox, how much waits there, canaries that show what gets through, and the events of
 * handles that end by themselves.
 */
export class RelayLeases1795400001000 extends ForwardMigration {
  readonly name = 'RelayLeases1795400001000';

  protected readonly statements = [
    // A shard is held by an advisory lock of a session. The row tells of it, and its epoch fences: with another epoch
    // than one's own nothing is marked, also where a pooler gave the lock's session to somebody else.
    `create table public.relay_lease (
      shard      smallint primary key check (shard between 0 and 15),
      holder     text,
      epoch      bigint not null default 0,
      renewed_at timestamptz
    ) with (fillfactor = 50)`,
    `insert into public.relay_lease (shard) select generate_series(0, 15)`,
    `grant select on public.relay_lease to postern_relay, postern_control`,
    `grant update (holder, epoch, renewed_at) on public.relay_lease to postern_relay`,

    OUTBOX_PRESSURE,
    `revoke all on function public.outbox_pressure(integer, bigint, interval) from public`,
    `grant execute on function public.outbox_pressure(integer, bigint, interval)
      to postern_sts, postern_proxy, postern_control, postern_relay`,

    `create table public.canary (
      shard         smallint primary key check (shard between 0 and 15),
      partition_key text not null unique,
      beaten_at     timestamptz not null default '-infinity'
    ) with (fillfactor = 50)`,
    CANARY_KEYS,
    APPEND_CANARIES,
    `revoke all on function public.append_canaries(jsonb, interval) from public`,
    `grant select on public.canary to postern_relay`,
    `grant execute on function public.append_canaries(jsonb, interval) to postern_relay`,

    `alter table public.handle add column expiry_told boolean not null default false`,
    // Those that ended under an older version ended unsaid: old news is no news.
    `update public.handle set expiry_told = true where expires_at <= now()`,
    `create index handle_expiry on public.handle (expires_at) where not expiry_told`,
    `create index handle_expired on public.handle (expires_at) where expiry_told`,
    EXPIRE_HANDLES,
    PURGE_EXPIRED_HANDLES,
    `revoke all on function public.expire_handles(text, integer) from public`,
    `revoke all on function public.purge_expired_handles() from public`,
    `grant execute on function public.expire_handles(text, integer) to postern_relay`,
    `grant execute on function public.purge_expired_handles() to postern_relay`,
  ];
}

/**
 * What waits in the outbox, from one shard on, and in that one behind `from_seq`: count, bytes of the events as JSON
 * (the count times the average of the newest 64, so exact up to 64), age of the oldest. Events are counted one by one,
 * 20,000 at a time; after `long_enough` it ends where it is, so that a long backlog is told in parts, however slow the
 * disks are: `counted_to` is the seq from which to go on in the last shard, null when that was counted whole. Whoever
 * may append may know how much waits, and not what.
 */
const OUTBOX_PRESSURE = `
  create function public.outbox_pressure(from_shard integer, from_seq bigint default 0,
    long_enough interval default interval '1 second')
  returns table (shard integer, records bigint, bytes bigint, age_seconds float8, counted_to bigint)
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_sort = off
  as $$
  declare
    began timestamptz := clock_timestamp();
    average numeric;
    oldest timestamptz;
    part bigint;
  begin
    counted_to := from_seq;
    for wanted in greatest(from_shard, 0) .. 15 loop
      shard := wanted;
      records := 0; bytes := 0; age_seconds := 0;
      select row.created_at into oldest from public.outbox row
        where row.shard = wanted::smallint and row.published_at is null order by row.seq limit 1;
      if not found then
        counted_to := null;
      else
        loop
          select count(*), max(slice.seq) into part, counted_to from (
            select row.seq from public.outbox row
            where row.shard = wanted::smallint and row.published_at is null and row.seq > counted_to
            order by row.seq limit 20000) slice;
          records := records + part;
          if part < 20000 then counted_to := null; end if;
          exit when counted_to is null or clock_timestamp() > began + long_enough;
        end loop;
        select avg(octet_length(sample.payload::text)) into average from (
          select row.payload from public.outbox row
          where row.shard = wanted::smallint and row.published_at is null order by row.seq desc limit 64
        ) sample;
        bytes := round(records * coalesce(average, 0));
        age_seconds := greatest(extract(epoch from clock_timestamp() - oldest), 0);
      end if;
      return next;
      exit when counted_to is not null or clock_timestamp() > began + long_enough;
      counted_to := 0;
    end loop;
  end
  $$`;

/** A key for each shard, by trial. */
const CANARY_KEYS = `
  insert into public.canary (shard, partition_key)
  select wanted, (
    select tried from (select 'shard-' || wanted || '-' || salt as tried from generate_series(0, 9999) as salt) as trial
    where (hashtextextended(tried, 0) & 15) = wanted limit 1)
  from generate_series(0, 15) as wanted`;

/**
 * Appends canaries, and nothing else: of each shard whose last one is at least \`every\` old, whoever asks. What is
 * given is compared with what a canary of that shard is; what is not due is left out. Resolves to how many it appended.
 */
const APPEND_CANARIES = `
  create function public.append_canaries(events jsonb, every interval) returns integer
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    due jsonb;
    foreign_attributes text;
  begin
    if jsonb_array_length(events) > 16 or octet_length(events::text) > 32768 or every < interval '1 second' then
      raise exception 'no canaries' using errcode = 'insufficient_privilege';
    end if;
    select string_agg(attribute, ', ') into foreign_attributes
    from jsonb_array_elements(events) event, jsonb_object_keys(event) attribute
    where attribute not in ('specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema',
      'partitionkey', 'correlationid', 'severitytext', 'dataclassification', 'env', 'data');
    if foreign_attributes is not null or exists (
      select from jsonb_array_elements(events) event
      left join public.canary on canary.partition_key = event ->> 'partitionkey'
      where canary.shard is null
        or event ->> 'type' is distinct from 'dev.postern.canary.beat.v1'
        or event -> 'data' is distinct from jsonb_build_object('shard', canary.shard)
        or event ->> 'subject' is distinct from 'canary/shard-' || canary.shard
        or event ->> 'severitytext' is distinct from 'INFO'
    ) then
      raise exception 'no canaries' using errcode = 'insufficient_privilege';
    end if;
    with waiting as (
      select canary.shard from public.canary
      where beaten_at <= clock_timestamp() - every for update skip locked
    ), beaten as (
      update public.canary set beaten_at = clock_timestamp() from waiting
      where canary.shard = waiting.shard
        and canary.partition_key in (select event ->> 'partitionkey' from jsonb_array_elements(events) event)
      returning canary.partition_key
    )
    select jsonb_agg(jsonb_build_object('topic', 'postern.canary.v1', 'event', event)) into due
    from jsonb_array_elements(events) event join beaten on beaten.partition_key = event ->> 'partitionkey';
    if due is null then return 0; end if;
    perform public.append_events(due);
    return jsonb_array_length(due);
  end
  $$`;

/**
 * Leaves the event of handles that have expired without having been revoked, once each, with the mark that it did, for
 * at most \`handles_max\` and 1,000. Resolves to how many it looked after: those that were revoked are marked as well,
 * without an event. The caller names the source; all the rest is what the handle's row says.
 */
const EXPIRE_HANDLES = `
  create function public.expire_handles(source text, handles_max integer) returns integer
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    ended jsonb;
    done integer;
  begin
    if source !~ '^urn:postern:[a-z0-9-]+:(relay|standalone)$' then
      raise exception 'no source of a relay' using errcode = 'insufficient_privilege';
    end if;
    with due as materialized (
      select id from public.handle
      where not expiry_told and expires_at <= clock_timestamp()
      order by expires_at limit least(handles_max, 1000) for update skip locked
    ), told as (
      update public.handle set expiry_told = true from due where handle.id = due.id
      returning handle.*
    )
    select jsonb_agg(jsonb_build_object('topic', 'postern.handle.v1', 'event', jsonb_build_object(
      'specversion', '1.0',
      -- UUIDv7: 48 bits of milliseconds, version and variant, the rest chance.
      'id', encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
        52, 1), 53, 1), 'hex')::uuid,
      'source', expire_handles.source,
      'type', 'dev.postern.handle.expired.v1',
      'subject', 'handle/' || told.id,
      'time', to_char(told.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'datacontenttype', 'application/json',
      'dataschema', 'https://postern.dev/schemas/handle.expired/1.json',
      'partitionkey', told.id,
      'correlationid', told.correlation_id,
      'severitytext', 'INFO',
      'dataclassification', 'internal',
      'env', told.environment,
      'data', jsonb_build_object(
        'handle_id', told.id,
        'family_id', told.family_id,
        'expired_at', floor(extract(epoch from told.expires_at))::bigint,
        'calls', told.calls_used,
        'suspended', told.status = 'suspended'))) order by told.expires_at, told.id)
        filter (where told.status <> 'revoked'), count(*)
      into ended, done
    from told;
    if ended is not null then perform public.append_events(ended); end if;
    return done;
  end
  $$`;

/** Forgets handles that expired more than 7 days ago, at most 10,000 at once; their events tell of them. */
const PURGE_EXPIRED_HANDLES = `
  create function public.purge_expired_handles() returns integer
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    with forgotten as (
      delete from public.handle where id in (
        select id from public.handle where expires_at < now() - interval '7 days' and expiry_told
        order by expires_at limit 10000 for update skip locked)
      returning 1
    )
    select count(*)::integer from forgotten
  $$`;
