import { ForwardMigration } from './forward-migration.js';

/**
 * What a group on the embedded bus gave up on, with its bytes as they were; on Kafka such records have topics. And the
 * rights on the inbox, in which a consumer writes, with the effect of an event, that it had it.
 */
export class CreateDeadLetters1795400000000 extends ForwardMigration {
  readonly name = 'CreateDeadLetters1795400000000';

  protected readonly statements = [
    `create table public.dead_letter (
      group_name          text collate "C" not null,
      topic               text collate "C" not null,
      partition           integer not null,
      "offset"            bigint not null,
      key                 bytea,
      value               bytea,
      headers             jsonb not null,
      written_at          timestamptz not null,
      error_class         text not null check (length(error_class) <= 100),
      attempts            integer not null,
      first_failed_at     timestamptz not null,
      died_at             timestamptz not null default now(),
      replay_requested_at timestamptz,
      primary key (group_name, topic, partition, "offset")
    )`,
    `create index dead_letter_replay on public.dead_letter (group_name) where replay_requested_at is not null`,
    `create index dead_letter_age on public.dead_letter (died_at)`,
    `create index inbox_age on public.inbox (processed_at)`,
    `grant select, insert on public.inbox to postern_proxy, postern_control, postern_relay`,
    PURGE_CONSUMED,
    `revoke all on function public.purge_consumed() from public`,
    `grant execute on function public.purge_consumed() to postern_relay`,
  ];
}

/**
 * Forgets which events were consumed 14 days ago, which is longer than any command lives and than a replay should wait,
 * and dead letters after 30 days, as on Kafka. At most 10,000 of each at a time.
 */
const PURGE_CONSUMED = `
  create function public.purge_consumed(out inbox_rows integer, out dead_letters integer)
  language plpgsql volatile security definer
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    delete from public.inbox where ctid in (
      select ctid from public.inbox where processed_at < now() - interval '14 days' limit 10000);
    get diagnostics inbox_rows = row_count;
    delete from public.dead_letter where ctid in (
      select ctid from public.dead_letter where died_at < now() - interval '30 days' limit 10000);
    get diagnostics dead_letters = row_count;
  end
  $$`;
