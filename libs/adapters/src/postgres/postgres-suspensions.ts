import {
  type HandleSelector,
  type StandingSuspension,
  type SuspensionFilter,
  Suspensions,
} from '#handles';
import { type PostgresDatabase } from './postgres-database.js';
import { type SuspensionRow } from './suspension-rows.js';

const LIST_LIMIT_MAX = 500;

/** Suspensions in PostgreSQL. Needs the role postern_control. */
export class PostgresSuspensions extends Suspensions {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async list({
    after = '',
    limit,
  }: SuspensionFilter): Promise<readonly StandingSuspension[]> {
    const rows = await this.database.query<SuspensionRow>(
      `select target, issuers, scope, id, issuer, subject_id, reason, initiator, initiator_id, since
       from (select * from public.suspension where target > $1
             order by target fetch first $2 rows with ties) as page
       order by target, bound`,
      [after, Math.max(1, Math.min(limit, LIST_LIMIT_MAX))],
    );
    return rows.map(standingFrom);
  }

  override async forgetExpired(now: Date): Promise<number> {
    const rows = await this.database.query(
      'delete from public.suspension where expires_at <= $1 returning 1',
      [now],
    );
    return rows.length;
  }
}

const standingFrom = (row: SuspensionRow): StandingSuspension => ({
  target: row.target,
  selector: selectorFrom(row),
  issuers: row.issuers,
  reason: row.reason,
  initiator: row.initiator,
  initiatorId: row.initiator_id ?? undefined,
  since: row.since,
});

// Check constraints tie the columns together.
function selectorFrom({ scope, id, issuer, subject_id: subjectId }: SuspensionRow): HandleSelector {
  if (scope === 'key') return { scope, id, issuer: issuer ?? '' };
  if (scope === 'task') return { scope, id, subjectId: subjectId ?? '' };
  return { scope, id };
}
