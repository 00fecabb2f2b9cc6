import { ForwardMigration } from './forward-migration.js';

/**
 * Accesses to managed secrets past Postern, of this deployment alone: few, and none when all is well. No value, nor what
 * stands for one in an audit log.
 */
export class CreateVaultAccesses1795600007000 extends ForwardMigration {
  readonly name = 'CreateVaultAccesses1795600007000';

  protected readonly statements = [
    `create table public.vault_access (
      request_id uuid not null,
      resource   text collate "C" not null,
      event_id   uuid not null,
      at         timestamptz not null,
      kept_at    timestamptz not null default clock_timestamp(),
      operation  text not null check (operation in ('read', 'write')),
      path       text collate "C" not null check (length(path) <= 4096),
      entity_id  text collate "C" check (length(entity_id) <= 128),
      primary key (request_id, resource)
    )`,
    `comment on column public.vault_access.event_id is 'request_id as a UUID of version 8, as detections name it'`,
    `create index vault_access_at on public.vault_access (at)`,
    `create view public.vault_accesses as
      select event_id, at, resource, operation, path, entity_id from public.vault_access`,
    FORGET,
    `revoke all on function public.forget_vault_accesses(timestamptz) from public`,
    `grant execute on function public.forget_vault_accesses(timestamptz) to postern_sentinel`,
    `grant select, insert on public.vault_access to postern_sentinel`,
    `grant select on public.vault_accesses to postern_sentinel`,
  ];
}

/** As long as other evidence of changes. Resolves to how many it forgot. */
const FORGET = `
  create function public.forget_vault_accesses(instant timestamptz) returns bigint
  language sql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
    with forgotten as (
      delete from public.vault_access where at < instant - interval '32 days' returning 1
    )
    select count(*) from forgotten
  $$`;
