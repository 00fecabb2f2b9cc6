import { ForwardMigration } from './forward-migration.js';

/**
 * The evidence chain: each published event gets a place in a log, and heads of its Merkle tree are signed. Nothing of it is
 * ever changed or deleted.
 */
export class CreateAuditLog1795600000000 extends ForwardMigration {
  readonly name = 'CreateAuditLog1795600000000';

  protected readonly statements = [
    // There is no row while no log was begun: then nothing is queued, and nothing kept from being dropped.
    `create table public.audit_log (
      only_one boolean primary key default true check (only_one),
      log_id   text not null,
      begun_at timestamptz not null default now()
    )`,
    // Published, and without a place.
    `create table public.audit_waiting (
      shard      smallint not null,
      seq        bigint not null,
      event_id   uuid not null,
      created_at timestamptz not null,
      queued_at  timestamptz not null default clock_timestamp(),
      primary key (shard, seq)
    )`,
    `create table public.audit_leaf (
      log_index bigint primary key check (log_index >= 0),
      event_id  uuid not null unique,
      leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
      logged_at timestamptz not null default clock_timestamp()
    )`,
    `create table public.audit_checkpoint (
      tree_size   bigint primary key check (tree_size > 0),
      size_before bigint not null unique check (size_before >= 0 and size_before < tree_size),
      note        text not null check (octet_length(note) <= 4096),
      frontier    bytea not null check (octet_length(frontier) % 32 = 0 and octet_length(frontier) <= 2048),
      signed_at   timestamptz not null default clock_timestamp()
    )`,
    REFUSE_CHANGE,
    ...['audit_log', 'audit_leaf', 'audit_checkpoint'].map(
      (
        table,
      ) => `create trigger ${table}_is_kept before update or delete or truncate on public.${table}
        for each statement execute function public.refuse_change_of_evidence()`,
    ),
    QUEUE_FOR_AUDIT,
    `create trigger outbox_queue_for_audit after update of published_at on public.outbox for each row
      when (old.published_at is null and new.published_at is not null
        and new.aggregatetype not in ('postern.canary.v1', 'postern.audit-checkpoint.v1'))
      execute function public.queue_for_audit()`,
    BEGIN_AUDIT_LOG,
    LOG_EVENTS,
    PUBLISH_CHECKPOINT,
    MAINTAIN_OUTBOX_PARTITIONS,
    `revoke all on function public.refuse_change_of_evidence() from public`,
    `revoke all on function public.queue_for_audit() from public`,
    `revoke all on function public.begin_audit_log(text) from public`,
    `revoke all on function public.log_events(smallint[], bigint[], uuid[], bytea[]) from public`,
    `revoke all on function public.publish_checkpoint(bigint, bigint, text, bytea, jsonb) from public`,
    `grant execute on function public.begin_audit_log(text) to postern_relay`,
    `grant execute on function public.log_events(smallint[], bigint[], uuid[], bytea[]) to postern_relay`,
    `grant execute on function public.publish_checkpoint(bigint, bigint, text, bytea, jsonb) to postern_relay`,
    `grant select on public.audit_log, public.audit_waiting, public.audit_leaf, public.audit_checkpoint
      to postern_relay`,
    `grant select on public.audit_log, public.audit_leaf, public.audit_checkpoint to postern_control`,
  ];
}

/** Also for the owner, who would have to drop the trigger first. */
const REFUSE_CHANGE = `
  create function public.refuse_change_of_evidence() returns trigger
  language plpgsql
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    raise exception '% is evidence: it is never changed', tg_table_name using errcode = 'insufficient_privilege';
  end
  $$`;

/**
 * With the mark that it is published, whoever marks it, so that no published event is without a place for ever. A row that
 * is marked once more, as when it was published again, has its place already, or waits for it.
 */
const QUEUE_FOR_AUDIT = `
  create function public.queue_for_audit() returns trigger
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    insert into public.audit_waiting (shard, seq, event_id, created_at)
    select new.shard, new.seq, new.id, new.created_at
    where exists (select from public.audit_log)
      and not exists (select from public.audit_leaf leaf where leaf.event_id = new.id)
    on conflict do nothing;
    return null;
  end
  $$`;

/**
 * Begins the log once and for ever. For a moment nobody may write the outbox: a statement that marks events must see the
 * log for all of them or for none, or the second event of a key would be in it and the first would not.
 */
const BEGIN_AUDIT_LOG = `
  create function public.begin_audit_log(log_name text) returns text
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  set lock_timeout = '5s'
  as $$
  declare
    begun text;
  begin
    select log_id into begun from public.audit_log;
    if found then return begun; end if;
    lock table public.outbox in share row exclusive mode;
    insert into public.audit_log (log_id)
    values (log_name || '/' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8))
    on conflict do nothing;
    select log_id into begun from public.audit_log;
    return begun;
  end
  $$`;

/**
 * Gives waiting events the next indexes, in the order in which they are named; all of them or none. Another checkpointer
 * waits, and then finds that they do not wait any more: it is refused. Returns how many.
 */
const LOG_EVENTS = `
  create function public.log_events(shards smallint[], seqs bigint[], event_ids uuid[], hashes bytea[]) returns integer
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    next_index bigint;
    taken integer;
  begin
    if cardinality(shards) > 10000 or cardinality(shards) <> cardinality(seqs)
      or cardinality(shards) <> cardinality(event_ids) or cardinality(shards) <> cardinality(hashes) then
      raise exception 'no list of events' using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(1886352244, 600);
    with named as (
      select * from unnest(shards, seqs, event_ids) as named(shard, seq, event_id)
    ), removed as (
      delete from public.audit_waiting waiting using named
      where waiting.shard = named.shard and waiting.seq = named.seq and waiting.event_id = named.event_id
      returning 1
    )
    select count(*) into taken from removed;
    if taken <> cardinality(shards) then
      raise exception 'these events do not all wait' using errcode = 'serialization_failure';
    end if;
    select coalesce(max(log_index) + 1, 0) into next_index from public.audit_leaf;
    insert into public.audit_leaf (log_index, event_id, leaf_hash)
    select next_index + place - 1, event_id, hash
    from unnest(event_ids, hashes) with ordinality as listed(event_id, hash, place);
    return taken;
  end
  $$`;

/**
 * Keeps a checkpoint and writes its event, both or none; false when another one follows that size already. The event must
 * be that of this log and of this size, and no other: so a relay still makes up no events.
 */
const PUBLISH_CHECKPOINT = `
  create function public.publish_checkpoint(size_before bigint, tree_size bigint, note text, frontier bytea, event jsonb)
  returns boolean
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  declare
    newest bigint;
    leaves bigint;
    log text;
  begin
    perform pg_advisory_xact_lock(1886352244, 601);
    select coalesce(max(kept.tree_size), 0) into newest from public.audit_checkpoint kept;
    if newest <> publish_checkpoint.size_before then return false; end if;
    select coalesce(max(log_index) + 1, 0) into leaves from public.audit_leaf;
    select log_id into log from public.audit_log;
    if publish_checkpoint.tree_size > leaves or log is null
      or left(publish_checkpoint.note, length(log) + 1) is distinct from log || chr(10)
      or event ->> 'type' is distinct from 'dev.postern.audit.checkpoint.v1'
      or event ->> 'partitionkey' is distinct from log
      or event -> 'data' ->> 'log_id' is distinct from log
      or event -> 'data' -> 'tree_size' is distinct from to_jsonb(publish_checkpoint.tree_size)
    then
      raise exception 'no checkpoint of this log' using errcode = 'insufficient_privilege';
    end if;
    insert into public.audit_checkpoint (tree_size, size_before, note, frontier)
    values (publish_checkpoint.tree_size, publish_checkpoint.size_before, publish_checkpoint.note,
      publish_checkpoint.frontier);
    perform public.append_events(jsonb_build_array(
      jsonb_build_object('topic', 'postern.audit-checkpoint.v1', 'event', event)));
    return true;
  end
  $$`;

/** As before; and what waits for its place in the log is still needed. */
const MAINTAIN_OUTBOX_PARTITIONS = `
  create or replace function public.maintain_outbox_partitions(out made integer, out dropped integer)
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
      day := to_date(right(partition_name, 8), 'YYYYMMDD');
      execute format('select exists (select from public.%I where published_at is null)
          or exists (select from public.%I row join public.embedded_bus_offset reader
            on reader.topic = row.aggregatetype and reader.shard = row.shard
            where row.position > reader.position)
          or exists (select from public.audit_waiting where created_at >= %L and created_at < %L)',
        partition_name, partition_name, day::timestamptz, (day + 1)::timestamptz) into needed;
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
      where reader.topic = row.aggregatetype and reader.shard = row.shard and row.position > reader.position)
    and not exists (
      select from public.audit_waiting waiting where waiting.shard = row.shard and waiting.seq = row.seq);
  end
  $$`;
