import { ForwardMigration } from './forward-migration.js';

/**
 * What each process may touch: the table in docs/architecture.md, enforced. test/contract/postgres-roles.test.ts
 * proves it, line by line. Nothing is granted to everybody.
 */
export class GrantRights1795200005000 extends ForwardMigration {
  readonly name = 'GrantRights1795200005000';

  protected readonly statements = [
    `revoke all on function public.append_events(jsonb) from public`,
    `revoke all on function public.maintain_outbox_partitions() from public`,
    `revoke all on function public.purge_finished_calls() from public`,
    `grant usage on schema public to postern_sts, postern_proxy, postern_control, postern_relay`,
    `grant select on public.postern_migration to postern_sts, postern_proxy, postern_control, postern_relay`,
    `grant execute on function public.append_events(jsonb) to postern_sts, postern_proxy, postern_control`,

    // Issues and revokes. Counts no call, reads no secret.
    `grant select, insert on public.handle to postern_sts`,
    `grant update (status, revoked_at) on public.handle to postern_sts`,
    `grant select, insert, delete on public.subject_token_use to postern_sts`,
    `grant update (uses) on public.subject_token_use to postern_sts`,

    // Counts calls and reads secrets. Issues nothing, and cannot bring a revoked handle back.
    `grant select on public.handle to postern_proxy`,
    `grant update (calls_used) on public.handle to postern_proxy`,
    `grant select, insert on public.call to postern_proxy`,
    `grant update (finished_at, outcome) on public.call to postern_proxy`,
    `grant select on public.sealed_secret to postern_proxy`,

    // Looks at handles and revokes them.
    `grant select on public.handle to postern_control`,
    `grant update (status, revoked_at) on public.handle to postern_control`,

    // Reads and marks the outbox. Writes no event.
    `grant select on public.outbox to postern_relay`,
    `grant update (published_at, attempts, position) on public.outbox to postern_relay`,
    `grant execute on function public.maintain_outbox_partitions() to postern_relay`,
    `grant execute on function public.purge_finished_calls() to postern_relay`,
  ];
}
