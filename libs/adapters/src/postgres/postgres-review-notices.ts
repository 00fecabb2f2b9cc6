import { type PosternEvent } from '#events';
import { type ReviewNotice, ReviewNotices } from '#oauth';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

// The second of two at once waits for the first one's commit, finds the row and writes nothing.
const TELL = `
  with told as (
    insert into public.review_notice (kind, id, review_by, days_left) values ($1, $2, $3, $4)
    on conflict do nothing returning 1
  ), written as materialized (
    select public.append_events($5::jsonb) from told
  )
  select from told where (select count(*) from written) >= 0`;

/** The memory of review notices, in PostgreSQL. Needs the role postern_control. */
export class PostgresReviewNotices extends ReviewNotices {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async tell(notice: ReviewNotice, event: PosternEvent): Promise<'told' | 'known'> {
    const { kind, id, reviewBy, daysLeft } = notice;
    const rows = await this.database
      .query(TELL, [kind, id, reviewBy, daysLeft, eventsParameter([event])], {
        name: 'tell-review-notice',
      })
      .catch((error: unknown) => {
        throw eventFailure(error);
      });
    return rows.length === 0 ? 'known' : 'told';
  }
}
