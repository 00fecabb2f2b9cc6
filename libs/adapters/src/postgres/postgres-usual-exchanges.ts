import { type UsualExchange, UsualExchanges } from '#detection';
import { KNOWN_RESOURCES_MAX } from '#handles';
import { type PostgresDatabase } from './postgres-database.js';

const USUAL = `
  with past as (
    select bucket, resource, exchanges, permitted from public.exchange_counts
    where subject_id = $1 and bucket >= $2::timestamptz - interval '14 days'
      and bucket < $2::timestamptz - interval '70 minutes'
  ), totals as (
    select sum(exchanges) as counted from past group by bucket
  ), known as (
    select resource, max(bucket) as last from past where permitted > 0 and resource <> ''
    group by resource order by last desc, resource limit $3
  )
  select
    coalesce((select percentile_disc(0.99) within group (order by counted) from totals), 0)::float8 as exchanges,
    coalesce((select array_agg(resource order by last desc, resource) from known), '{}') as resources`;

/** What workloads usually do, from the sums of the evidence. Needs the role postern_control. */
export class PostgresUsualExchanges extends UsualExchanges {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async before(subjectId: string, instant: Date): Promise<UsualExchange> {
    const [row] = await this.database.query<UsualExchange>(USUAL, [
      subjectId,
      instant,
      KNOWN_RESOURCES_MAX,
    ]);
    return row ?? { exchanges: 0, resources: [] };
  }
}
