import { type ResponseRecord, ResponseRecords, type ResponseResult } from '#detection';
import { type ResponseAction } from '#events';
import { type PostgresDatabase } from './postgres-database.js';

interface RecordRow {
  readonly id: string;
  readonly action: ResponseAction;
  readonly target: string;
  readonly seconds: number | null;
  readonly orderedAt: Date;
  readonly result: ResponseResult | null;
  readonly settledAt: Date | null;
  readonly endedAt: Date | null;
}

/** What became of response orders, in PostgreSQL. Needs the role postern_control. */
export class PostgresResponseRecords extends ResponseRecords {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async ofDetection(detectionId: string): Promise<readonly ResponseRecord[]> {
    const rows = await this.database.query<RecordRow>(
      `select id, action, target, seconds, ordered_at as "orderedAt", result, settled_at as "settledAt",
         ended_at as "endedAt"
       from public.response_order where detection_id = $1 order by ordered_at, seq`,
      [detectionId],
    );
    return rows.map(({ action, target, seconds, result, settledAt, endedAt, ...row }) => ({
      ...row,
      response: { action, target, seconds: seconds ?? undefined },
      result: result ?? undefined,
      settledAt: settledAt ?? undefined,
      endedAt: endedAt ?? undefined,
    }));
  }
}
