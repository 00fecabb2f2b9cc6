import { type QueryRunner } from 'typeorm';
import { CreateRoles1795200000000 } from './1795200000000-create-roles.js';
import { ForwardMigration } from './forward-migration.js';

/** The group role of the rotator, the one process that changes secrets. */
export class CreateRotatorRole1795500000000 extends ForwardMigration {
  readonly name = 'CreateRotatorRole1795500000000';

  protected readonly statements = [
    `grant usage on schema public to postern_rotator`,
    `grant select on public.postern_migration to postern_rotator`,
    `grant execute on function public.append_events(jsonb) to postern_rotator`,
    `grant execute on function public.outbox_pressure(integer, bigint, interval) to postern_rotator`,
    // Of a deployment without Vault. It writes versions and ends them; none can be changed.
    `grant select, insert, delete on public.sealed_secret to postern_rotator`,
  ];

  override async up(runner: QueryRunner): Promise<void> {
    await new CreateRoles1795200000000(['postern_rotator']).up(runner);
    await super.up(runner);
  }
}
