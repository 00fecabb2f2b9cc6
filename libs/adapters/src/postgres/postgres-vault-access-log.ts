import { accessEventId, type VaultAccess, VaultAccessLog } from '#detection';
import { jsonParameter } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

const COLUMNS = 'request_id, resource, event_id, at, operation, path, entity_id';

const KEEP = `
  insert into public.vault_access (${COLUMNS})
  select ${COLUMNS} from jsonb_populate_recordset(null::public.vault_access, $1::jsonb)
  on conflict (request_id, resource) do nothing`;

/** Accesses past Postern in PostgreSQL. Needs the role postern_sentinel. */
export class PostgresVaultAccessLog extends VaultAccessLog {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async keep(accesses: readonly VaultAccess[]): Promise<void> {
    if (accesses.length === 0) return;
    await this.database.query(KEEP, [jsonParameter(accesses.map(rowOf))], {
      name: 'keep-vault-accesses',
    });
  }
}

const rowOf = (access: VaultAccess): Record<string, string | undefined> => ({
  request_id: access.requestId,
  resource: access.resource,
  event_id: accessEventId(access),
  at: access.at.toISOString(),
  operation: access.operation,
  path: access.path,
  entity_id: access.entityId,
});
