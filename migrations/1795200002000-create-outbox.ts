import { ForwardMigration } from './forward-migration.js';

/** The outbox: every event is written here in the transaction of the fact that it tells of. */
export class CreateOutbox1795200002000 extends ForwardMigration {
  readonly name = 'CreateOutbox1795200002000';

  protected readonly statements = [
    `create table public.event_sequence (
      partition_key text collate "C" primary key,
      sequence      bigint not null check (sequence > 0)
    ) with (fillfactor = 70)`,
    // Column names are those of Debezium's event router, so that CDC can take the relay's place.
    `create table public.outbox (
      seq           bigserial,
      id            uuid not null,
      aggregatetype text not null,
      aggregateid   text not null,
      type          text not null,
      payload       jsonb not null
        constraint outbox_event_size check (octet_length(payload::text) <= 16384),
      shard         smallint not null
        generated always as ((hashtextextended(aggregateid, 0) & 15)::smallint) stored,
      created_at    timestamptz not null default now(),
      published_at  timestamptz,
      attempts      integer not null default 0,
      position      bigint,
      primary key (created_at, seq)
    ) partition by range (created_at)`,
    `create index outbox_unpublished on public.outbox (shard, seq) where published_at is null`,
    // The embedded bus: finds the rows it was given by event id, and reads a shard on from a position.
    `create index outbox_event on public.outbox (id)`,
    `create index outbox_position on public.outbox (shard, position) where position is not null`,
    `create table public.outbox_default partition of public.outbox default`,
    `create table public.inbox (
      consumer     text not null,
      event_id     uuid not null,
      processed_at timestamptz not null default now(),
      primary key (consumer, event_id)
    )`,
    `create table public.embedded_bus_offset (
      group_name text not null,
      topic      text not null,
      shard      smallint not null,
      position   bigint not null,
      primary key (group_name, topic, shard)
    )`,
    APPEND_EVENTS,
    MAINTAIN_OUTBOX_PARTITIONS,
    `select public.maintain_outbox_partitions()`,
  ];
}

/**
 * The writer rule: first lock the key's counter, then take `seq` and insert, then commit. As the lock is held until the
 * commit, commit order is `seq` order per key, and a transaction that fails leaves no gap. Keys are locked in sorted
 * order, so that two writers never wait for each other. Runs with its owner's rights: no process may write the outbox
 * in another way.
 */
const APPEND_EVENTS = `
  create function public.append_events(events jsonb) returns void
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    with incoming as materialized (
      select item ->> 'topic' as topic,
             item -> 'event' as event,
             item -> 'event' ->> 'partitionkey' as partition_key,
             place
      from jsonb_array_elements(events) with ordinality as listed(item, place)
    ), counted as materialized (
      select partition_key, count(*) as total from incoming group by partition_key order by partition_key
    ), locked as (
      insert into public.event_sequence as counter (partition_key, sequence)
      select partition_key, total from counted order by partition_key
      on conflict (partition_key) do update set sequence = counter.sequence + excluded.sequence
      returning counter.partition_key, counter.sequence
    )
    insert into public.outbox (id, aggregatetype, aggregateid, type, payload)
    select (event ->> 'id')::uuid, topic, partition_key, event ->> 'type',
           event || jsonb_build_object(
             'recordedtime', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             'sequence', lpad((
               locked.sequence - counted.total
               + row_number() over (partition by partition_key order by place)
             )::text, 20, '0'))
    from incoming join counted using (partition_key) join locked using (partition_key)
    order by place;
  end
  $$`;

/**
 * Makes the partitions of today and the next three days, and drops those that ended more than three days ago and that
 * nobody needs any more: fully published, and read by every group of the embedded bus. Resolves to how many it made and
 * dropped. Days for which rows already lie in the default partition stay there.
 */
const MAINTAIN_OUTBOX_PARTITIONS = `
  create function public.maintain_outbox_partitions(out made integer, out dropped integer)
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  set timezone = 'UTC'
  set lock_timeout = '2s'
  as $$
  declare
    day date;
    partition_name text;
    needed boolean;
  begin
    made := 0;
    dropped := 0;
    if not pg_try_advisory_xact_lock(1886352244, 200) then return; end if; -- Another maintainer is at it.
    for day in select generate_series(current_date, current_date + 3, '1 day')::date loop
      partition_name := 'outbox_' || to_char(day, 'YYYYMMDD');
      if to_regclass('public.' || partition_name) is not null then continue; end if;
      begin
        execute format('create table public.%I partition of public.outbox for values from (%L) to (%L)',
          partition_name, day::timestamptz, (day + 1)::timestamptz);
        made := made + 1;
      exception
        when check_violation or lock_not_available then null;
      end;
    end loop;
    for partition_name in
      select child.relname from pg_inherits
      join pg_class child on child.oid = inhrelid
      where inhparent = 'public.outbox'::regclass and child.relname ~ '^outbox_[0-9]{8}$'
        and to_date(right(child.relname, 8), 'YYYYMMDD') < current_date - 3
    loop
      execute format('select exists (select from public.%I where published_at is null)
          or exists (select from public.%I row join public.embedded_bus_offset reader
            on reader.topic = row.aggregatetype and reader.shard = row.shard
            where row.position > reader.position)', partition_name, partition_name) into needed;
      if needed then continue; end if;
      begin
        execute format('drop table public.%I', partition_name);
        dropped := dropped + 1;
      exception
        when lock_not_available then null;
      end;
    end loop;
    delete from public.outbox_default row
    where published_at is not null and created_at < current_date - 3 and not exists (
      select from public.embedded_bus_offset reader
      where reader.topic = row.aggregatetype and reader.shard = row.shard and row.position > reader.position);
  end
  $$`;
