import { type QueryRunner } from 'typeorm';
import { ForwardMigration } from './forward-migration.js';

/**
 * One group role a process, none of which can log in: `deploy/postgres/roles.sql` makes the login users that belong to
 * them. Roles live in the server, not in the database, so that another database may have made them before.
 */
export class CreateRoles1795200000000 extends ForwardMigration {
  readonly name = 'CreateRoles1795200000000';

  protected readonly statements = ROLES.map(
    (role) => `
      do $$
      begin
        if not exists (select from pg_roles where rolname = '${role}') then
          create role ${role} nologin;
        end if;
      exception
        when duplicate_object or unique_violation then null; -- Another database's migration was faster.
      end
      $$`,
  );

  override async up(runner: QueryRunner): Promise<void> {
    await refuseWithoutRight(runner);
    await super.up(runner);
  }
}

const ROLES = ['postern_sts', 'postern_proxy', 'postern_control', 'postern_relay'] as const;

async function refuseWithoutRight(runner: QueryRunner): Promise<void> {
  const rows = (await runner.query(
    `select current_user as owner,
            (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create,
            array(select r from unnest($1::text[]) r where r not in (select rolname from pg_roles)) as missing`,
    [[...ROLES]],
  )) as { owner: string; may_create: boolean; missing: string[] }[];
  const [right] = rows;
  if (right === undefined || right.may_create || right.missing.length === 0) return;
  throw new Error(
    `the database user "${right.owner}" may not create the roles ${right.missing.join(', ')}: ` +
      'let an administrator run deploy/postgres/roles.sql first, or give the user CREATEROLE',
  );
}
