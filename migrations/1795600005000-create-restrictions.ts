import { ForwardMigration } from './forward-migration.js';

/**
 * What detections restrict for a time, each of one entity and with an end. Control imposes and lifts; those who refuse
 * because of it read. What a workload has had of exchanges is counted by the token endpoint, for all of its processes.
 */
export class CreateRestrictions1795600005000 extends ForwardMigration {
  readonly name = 'CreateRestrictions1795600005000';

  protected readonly statements = [
    `create table public.restriction (
      id           text collate "C" primary key check (length(id) <= 64),
      detection_id text collate "C" not null check (length(detection_id) <= 64),
      rule         text not null check (rule ~ '^D[0-9]{2}$'),
      kind         text not null check (kind in
        ('exchange_rate', 'known_credentials_only', 'guess_rate', 'source_block', 'bytes_rate')),
      entity_id    text collate "C" not null check (length(entity_id) between 1 and 600),
      amount       bigint check (amount > 0),
      resources    text[] check (cardinality(resources) <= 500),
      imposed_at   timestamptz not null,
      until        timestamptz not null,
      lifted_at    timestamptz,
      check (until > imposed_at and until <= imposed_at + interval '1 hour'),
      check ((kind in ('exchange_rate', 'guess_rate', 'bytes_rate')) = (amount is not null)),
      check ((kind = 'known_credentials_only') = (resources is not null))
    )`,
    `comment on column public.restriction.amount is 'how many a window; of bytes_rate bytes'`,
    `create index restriction_until on public.restriction (until)`,
    `create table public.restriction_use (
      restriction_id text collate "C" not null references public.restriction (id) on delete cascade,
      window_no      integer not null check (window_no >= 0),
      used           integer not null check (used > 0),
      primary key (restriction_id, window_no)
    ) with (fillfactor = 70)`,

    `grant select, insert, delete on public.restriction to postern_control`,
    `grant update (lifted_at) on public.restriction to postern_control`,
    `grant select on public.restriction to postern_sts, postern_proxy`,
    `grant select, insert on public.restriction_use to postern_sts`,
    `grant update (used) on public.restriction_use to postern_sts`,
    // What a workload usually does stays open to it.
    `grant select on public.exchange_counts to postern_control`,
  ];
}
