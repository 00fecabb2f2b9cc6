import { ForwardMigration } from './forward-migration.js';

/** Handles that descend from handles, act for somebody, or are narrowed to one operation of one task. */
export class ExtendHandles1795300000000 extends ForwardMigration {
  readonly name = 'ExtendHandles1795300000000';

  protected readonly statements = [
    // Defaults, so that an STS of the version before goes on issuing.
    `alter table public.handle
      add column parent_id text collate "C",
      add column chain_depth smallint not null default 0 check (chain_depth between 0 and 10),
      add column actors jsonb not null default '[]' check (jsonb_typeof(actors) = 'array'),
      add column actor_ids text[] not null default '{}',
      add column grant_digest text not null default '',
      add column intent_method text,
      add column intent_path text,
      add column task text,
      add check ((parent_id is null) = (chain_depth = 0)),
      add check ((intent_method is null) = (intent_path is null))`,
    `create index handle_parent on public.handle (parent_id) where parent_id is not null`,
    `create index handle_actor on public.handle using gin (actor_ids) where actor_ids <> '{}'`,
    TAKE_CALLS,
    `revoke all on function public.take_calls(text, integer, timestamptz, timestamptz) from public`,
    `grant execute on function public.take_calls(text, integer, timestamptz, timestamptz) to postern_sts`,
  ];
}

/**
 * Takes the calls of a new handle from the one that it descends from, when that lives at `at`, until `until`, and has as
 * many left. The row stays locked until the commit. Whoever issues handles can count calls in no other way, and never
 * back.
 */
const TAKE_CALLS = `
  create function public.take_calls(parent text, calls integer, at timestamptz, until timestamptz)
  returns boolean
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    with taken as (
      update public.handle set calls_used = calls_used + calls
      where id = parent and calls > 0 and status = 'active' and expires_at > at and expires_at >= until
        and calls_used + calls <= max_calls
      returning 1
    )
    select exists (select from taken)
  $$`;
