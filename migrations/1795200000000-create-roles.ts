import { type QueryRunner } from 'typeorm';
import { ForwardMigration } from './forward-migration.js';

const ROLES = ['postern_sts', 'postern_proxy', 'postern_control', 'postern_relay'];

/**
 * One group role a process, none of which can log in: `deploy/postgres/roles.sql` makes the login users that belong to
 * them. Roles live in the server, not in the database, so that another database may have made them before.
 */
export class CreateRoles1795200000000 extends ForwardMigration {
  readonly name = 'CreateRoles1795200000000';
  protected readonly statements: readonly string[];

  constructor(private readonly roles: readonly string[] = ROLES) {
    super();
    this.statements = roles.map(createRole);
  }

  override async up(runner: QueryRunner): Promise<void> {
    const rows = (await runner.query(RIGHT_TO_CREATE, [this.roles])) as {
      owner: string;
      may_create: boolean;
      missing: string[];
    }[];
    for (const { owner, may_create, missing } of rows) {
      if (may_create || missing.length === 0) continue;
      throw new Error(
        `the database user "${owner}" may not create the roles ${missing.join(', ')}: ` +
          'let an administrator run deploy/postgres/roles.sql first, or give the user CREATEROLE',
      );
    }
    await super.up(runner);
  }
}

const createRole = (role: string): string => `
  do $$
  begin
    if not exists (select from pg_roles where rolname = '${role}') then
      create role ${role} nologin;
    end if;
  exception
    when duplicate_object or unique_violation then null; -- Another database's migration was faster.
  end
  $$`;

const RIGHT_TO_CREATE = `
  select current_user as owner,
    (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create,
    array(select role from unnest($1::text[]) as role where role not in (select rolname from pg_roles)) as missing`;
