import { ForwardMigration } from './forward-migration.js';

/** Requests for dry runs: control asks, the sentinel takes them. */
export class DryRunRequests1795600002000 extends ForwardMigration {
  readonly name = 'DryRunRequests1795600002000';

  protected readonly statements = [
    `create table public.dry_run_request (
      rule        text primary key check (rule ~ '^D[0-9]{2}$'),
      operator_id text not null check (length(operator_id) <= 512),
      asked_at    timestamptz not null
    )`,
    `grant select, insert on public.dry_run_request to postern_control`,
    `grant select on public.rule_dry_run to postern_control`,
    `grant select, delete on public.dry_run_request to postern_sentinel`,
  ];
}
