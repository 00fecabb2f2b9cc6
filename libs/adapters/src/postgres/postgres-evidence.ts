import { Evidence, type RecordedEvent } from '#events';
import { type PostgresDatabase } from './postgres-database.js';

// `time` is text of one width, in UTC: it sorts as the instants do, byte by byte.
const FIND_BY_CORRELATION = `
  select payload from public.outbox where payload ->> 'correlationid' = $1
  order by (payload ->> 'time') collate "C", seq limit $2`;

/** What the outbox still has of a request: its partitions are kept for three days and more. Needs postern_control. */
export class PostgresEvidence extends Evidence {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async findByCorrelation(
    correlationId: string,
    limit: number,
  ): Promise<readonly RecordedEvent[]> {
    const rows = await this.database.query<{ payload: RecordedEvent }>(
      FIND_BY_CORRELATION,
      [correlationId, limit],
      { name: 'find-evidence' },
    );
    return rows.map(({ payload }) => payload);
  }
}
