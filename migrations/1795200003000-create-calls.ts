import { ForwardMigration } from './forward-migration.js';

/** Calls: started before the destination is contacted, finished after; what never finished is found by its index. */
export class CreateCalls1795200003000 extends ForwardMigration {
  readonly name = 'CreateCalls1795200003000';

  protected readonly statements = [
    `create table public.call (
      call_id        text collate "C" primary key,
      handle_id      text not null,
      resource       text not null,
      route_template text not null,
      method         text not null,
      started_at     timestamptz not null,
      finished_at    timestamptz,
      outcome        text,
      correlation_id text not null,
      check ((finished_at is null) = (outcome is null))
    )`,
    `create index call_unfinished on public.call (started_at) where finished_at is null`,
    `create index call_finished on public.call (finished_at) where finished_at is not null`,
    PURGE_FINISHED_CALLS,
  ];
}

/** Forgets calls that finished more than 7 days ago, at most 10,000 at once; their events tell of them. */
const PURGE_FINISHED_CALLS = `
  create function public.purge_finished_calls() returns integer
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    with forgotten as (
      delete from public.call where call_id in (
        select call_id from public.call where finished_at < now() - interval '7 days'
        order by finished_at limit 10000 for update skip locked)
      returning 1
    )
    select count(*)::integer from forgotten
  $$`;
