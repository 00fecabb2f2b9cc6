import { type SecretRef } from '#credentials';
import { RotationUpkeep } from '#rotation';
import { type PostgresDatabase } from './postgres-database.js';

const PAGE = 10_000;

// What calls use, or may go back to, is never destroyed, whatever was put down before it came to that.
const DUE_VERSIONS = `
  select mount, path, version from public.version_to_destroy as due
  where due_at <= clock_timestamp() and not exists (
    select from public.credential as used where used.mount = due.mount and used.path = due.path
      and (used.current_version = due.version or used.fallback_version = due.version))
  order by due_at limit $1`;

// An insert that changes nothing would not see the row of another transaction that was faster: it is looked up after.
const KEEP_RECEIPT = `
  insert into public.wrap_receipt (fingerprint, rotation_id) values ($1, $2) on conflict do nothing`;

/** What is forgotten, at most PAGE rows of each at a time. Logins longer than any allowance reaches back. */
const FORGOTTEN = [
  ['proxy_instance', `reported_at < now() - interval '1 hour'`],
  ['credential_refusal', `refused_at < now() - interval '1 hour'`],
  ['login_attempt', `fails_at < now() - interval '30 days'`],
  ['wrap_receipt', `seen_at < now() - interval '1 year'`],
  [
    'rotation',
    `state in ('done', 'wrap_suspect', 'wrap_lost', 'abandoned', 'rolled_back')
       and coalesce(ended_at, requested_at) < now() - interval '1 year'`,
  ],
] as const;

/** What has to be done for rotations when nothing else is, in PostgreSQL. Needs the role postern_rotator. */
export class PostgresRotationUpkeep extends RotationUpkeep {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async dueVersions(
    limit: number,
  ): Promise<readonly { ref: SecretRef; version: number }[]> {
    const rows = await this.database.query<SecretRef & { version: number }>(DUE_VERSIONS, [limit]);
    return rows.map(({ mount, path, version }) => ({ ref: { mount, path }, version }));
  }

  override async destroyed({ mount, path }: SecretRef, version: number): Promise<void> {
    await this.database.query(
      'delete from public.version_to_destroy where mount = $1 and path = $2 and version = $3',
      [mount, path, version],
    );
  }

  override async firstSeen(fingerprint: string, rotationId: string): Promise<boolean> {
    await this.database.query(KEEP_RECEIPT, [fingerprint, rotationId]);
    const rows = await this.database.query(
      'select 1 from public.wrap_receipt where fingerprint = $1 and rotation_id = $2',
      [fingerprint, rotationId],
    );
    return rows.length > 0;
  }

  override async purge(): Promise<void> {
    for (const [table, condition] of FORGOTTEN) {
      for (let gone = PAGE; gone === PAGE;) {
        const rows = await this.database.query(
          `delete from public.${table} where ctid = any(array(
             select ctid from public.${table} where ${condition} limit ${PAGE})) returning 1`,
        );
        gone = rows.length;
      }
    }
  }
}
