import { ForwardMigration } from './forward-migration.js';

/** What was planted to be found, by digest. Those on the way of calls and exchanges learn which are live, and nothing else. */
export class CreatePlantedCanaries1795600003000 extends ForwardMigration {
  readonly name = 'CreatePlantedCanaries1795600003000';

  protected readonly statements = [
    `create table public.planted_canary (
      id         text collate "C" primary key,
      digest     bytea not null unique check (octet_length(digest) = 32),
      kind       text not null check (kind in ('handle', 'credential')),
      note       text not null check (char_length(note) between 1 and 256),
      created_by text not null,
      created_at timestamptz not null,
      ended_at   timestamptz
    )`,
    `create index planted_canary_live on public.planted_canary (id) where ended_at is null`,
    `grant select, insert on public.planted_canary to postern_control`,
    `grant update (ended_at) on public.planted_canary to postern_control`,
    `grant select (id, digest, ended_at) on public.planted_canary to postern_proxy, postern_sts`,
  ];
}
