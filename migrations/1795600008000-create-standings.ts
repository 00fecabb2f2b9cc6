import { ForwardMigration } from './forward-migration.js';

/** By deployment and environment: ids of grants and resources are only theirs. */
const ITEM = `
  deployment text collate "C" not null,
  env        text not null,
  kind       text not null check (kind in ('grant', 'credential')),
  item_id    text collate "C" not null check (length(item_id) between 1 and 512)`;

/**
 * What deployments have, and when it last did something: grants and their last permitted exchange, credentials and when
 * another version became the current one. One row each, as that is longer ago than events are kept.
 */
export class CreateStandings1795600008000 extends ForwardMigration {
  readonly name = 'CreateStandings1795600008000';

  protected readonly statements = [
    `create table public.standing_list (
      ${ITEM},
      first_listed_at timestamptz not null,
      listed_at       timestamptz not null,
      event_id        uuid not null,
      limit_days      double precision check (limit_days > 0),
      primary key (deployment, env, kind, item_id)
    ) with (fillfactor = 70)`,
    `comment on column public.standing_list.limit_days is 'after so many days it is stale; null: as for all of its kind'`,
    `create table public.standing_move (
      ${ITEM},
      moved_at timestamptz not null,
      event_id uuid not null,
      primary key (deployment, env, kind, item_id)
    ) with (fillfactor = 70)`,
    `create view public.standings as
      select deployment, env, kind, item_id, list.first_listed_at, list.listed_at, list.event_id as list_event_id,
        list.limit_days, move.moved_at, move.event_id as moved_event_id
      from public.standing_list as list
      left join public.standing_move as move using (deployment, env, kind, item_id)`,
    FORGET,
    `revoke all on function public.forget_standings(timestamptz) from public`,
    `grant execute on function public.forget_standings(timestamptz) to postern_sentinel`,
    `grant select, insert, update on public.standing_list, public.standing_move to postern_sentinel`,
    `grant select on public.standings to postern_sentinel`,
  ];
}

/**
 * A month after it was last listed, a thing is not there any more; what it last did is kept for two years, longer than
 * anything may be unused. Resolves to how many rows it forgot.
 */
const FORGET = `
  create function public.forget_standings(instant timestamptz) returns bigint
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    with unlisted as (
      delete from public.standing_list where listed_at < instant - interval '32 days' returning 1
    ), unmoved as (
      delete from public.standing_move where moved_at < instant - interval '740 days' returning 1
    )
    select (select count(*) from unlisted) + (select count(*) from unmoved)
  $$`;
