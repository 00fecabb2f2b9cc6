import { EvidenceLog, type Zones } from '#detection';
import { type RecordedEvent } from '#events';
import { APPEND_EVIDENCE } from './append-evidence.js';
import { type EvidenceRow, evidenceRows } from './evidence-rows.js';
import { jsonParameter } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

/**
 * Evidence in PostgreSQL, partitioned by the day on which it happened. Batches of some hundred events are the cheapest. May
 * be called at once by many. Needs the role postern_sentinel.
 */
export class PostgresEvidenceLog extends EvidenceLog {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async append(events: readonly RecordedEvent[], zones: Zones): Promise<void> {
    const { exchanges, uses, changes, rotations, listed } = evidenceRows(events, zones);
    const rows: readonly (readonly EvidenceRow[])[] = [exchanges, uses, changes, rotations, listed];
    if (rows.every(({ length }) => length === 0)) return;
    await this.database.query(APPEND_EVIDENCE, rows.map(jsonParameter), {
      name: 'append-evidence',
    });
  }

  /** Makes the partitions of the coming days as well: once an hour is enough. */
  override async purge(now: Date): Promise<number> {
    const [row] = await this.database.query<{ forgotten: string }>(
      `select public.maintain_evidence($1) + public.forget_standings($1) + public.forget_vault_accesses($1)
         as forgotten`,
      [now],
    );
    return Number(row?.forgotten ?? 0);
  }
}
