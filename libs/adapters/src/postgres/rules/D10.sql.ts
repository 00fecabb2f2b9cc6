import { answer, bucketOf, evidenceOf, type StreamRule } from './stream-rule.js';

const SECONDS = 300;
const LIMITED_SECONDS = 600;

/**
 * A burst of exchanges: in five minutes more than twenty, and more than five times what the subject came to in ninety-nine of
 * its own hundred fullest five minutes of fourteen days. When a workload grows, each of its instances does what one always
 * did: only addresses count that ask for more than one address of that subject ever does (its 99th percentile).
 */
export const D10: StreamRule = {
  id: 'D10',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} exchanges within 5 minutes by addresses that ask for more than they ever do; up to ${threshold} are usual`,
  respond: (row) => answer('rate_limit', row, LIMITED_SECONDS),
  text: `
    with counted as (
      select subject_id, bucket, client_ip, sum(exchanges) as counted
      from exchange_counts where bucket >= :from and bucket < :until group by subject_id, bucket, client_ip
    ), busy as (
      select subject_id, bucket from counted group by subject_id, bucket having sum(counted) > :floor
    ), past_clients as (
      select busy.subject_id, busy.bucket, past.bucket as past_bucket, past.client_ip, sum(past.exchanges) as counted
      from busy join exchange_counts as past on past.subject_id = busy.subject_id
        and past.bucket >= busy.bucket - :baselineDays * interval '1 day' and past.bucket <= busy.bucket - interval '65 minutes'
      group by busy.subject_id, busy.bucket, past.bucket, past.client_ip
    ), past_totals as (
      select subject_id, bucket, past_bucket, sum(counted) as counted
      from past_clients group by subject_id, bucket, past_bucket
    ), past_counts as (
      select 'client' as kind, subject_id, bucket, counted, count(*) as seen
      from past_clients group by subject_id, bucket, counted
      union all
      select 'total' as kind, subject_id, bucket, counted, count(*) as seen
      from past_totals group by subject_id, bucket, counted
    ), placed as (
      select held.kind, held.subject_id, held.bucket, held.counted, sum(others.seen) as seen,
        sum(case when others.counted <= held.counted then others.seen else 0 end) as place
      from past_counts as held join past_counts as others
        on others.kind = held.kind and others.subject_id = held.subject_id and others.bucket = held.bucket
      group by held.kind, held.subject_id, held.bucket, held.counted
    ), usual as (
      select kind, subject_id, bucket, min(counted) as p99 from placed
      where place >= :percentile * seen group by kind, subject_id, bucket
    ), bursts as (
      select busy.subject_id, busy.bucket, sum(counted.counted) as observed,
        greatest(:floor, :factor * coalesce(max(total.p99), 0)) as threshold
      from busy
      join counted on counted.subject_id = busy.subject_id and counted.bucket = busy.bucket
      left join usual as client
        on client.kind = 'client' and client.subject_id = busy.subject_id and client.bucket = busy.bucket
      left join usual as total
        on total.kind = 'total' and total.subject_id = busy.subject_id and total.bucket = busy.bucket
      where counted.counted > coalesce(client.p99, 0)
      group by busy.subject_id, busy.bucket
    )
    select 'subject' as entity_type, bursts.subject_id as entity_id, bursts.subject_id,
      cast(null as text) as resource, bursts.bucket as start_at, max(exchanges.at) as end_at,
      'medium' as severity, 'medium' as confidence, cast(bursts.observed as double precision) as observed,
      cast(bursts.threshold as double precision) as threshold, ${evidenceOf('exchanges')} as evidence
    from bursts join exchanges on exchanges.subject_id = bursts.subject_id
      and ${bucketOf('exchanges.at', SECONDS)} = bursts.bucket
      and exchanges.at >= bursts.bucket and exchanges.at < bursts.bucket + interval '5 minutes'
    where bursts.observed > bursts.threshold
    group by bursts.subject_id, bursts.bucket, bursts.observed, bursts.threshold`,
};
