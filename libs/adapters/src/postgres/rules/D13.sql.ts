import { bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 86_400;

/**
 * First seen: a subject was given a handle for a resource from a network zone, and never was in the thirty days before. The
 * memory ends an hour before the day begins, so that a tuple of its last hour is new on the next day as well. More than a
 * note only where it counts: for a resource that is sensitive, in the highest environment.
 */
export const D13: StreamRule = {
  id: 'D13',
  bucketSeconds: SECONDS,
  reachSeconds: 0,
  explain: ({ observed }) =>
    `${observed} combinations of resource and network zone that this subject had not used in 30 days`,
  respond: NO_RESPONSE,
  text: `
    with today as (
      select subject_id, resource, zone, ${bucketOf('bucket', SECONDS)} as bucket
      from exchange_counts
      where permitted > 0 and bucket >= :from and bucket < :until
      group by subject_id, resource, zone, ${bucketOf('bucket', SECONDS)}
      having max(bucket) >= :since - interval '5 minutes'
    ), touched_subjects as (
      select distinct subject_id, bucket from today
    ), tuples as (
      select distinct counts.subject_id, counts.resource, counts.zone, touched_subjects.bucket
      from touched_subjects join exchange_counts as counts on counts.subject_id = touched_subjects.subject_id
        and counts.bucket >= touched_subjects.bucket and counts.bucket < touched_subjects.bucket + interval '24 hours'
      where counts.permitted > 0
    ), fresh as (
      select tuples.subject_id, tuples.resource, tuples.zone, tuples.bucket
      from tuples
      where not exists (
        select 1 from exchange_counts as past
        where past.subject_id = tuples.subject_id and past.resource = tuples.resource and past.zone = tuples.zone
          and past.permitted > 0 and past.bucket >= tuples.bucket - :memoryDays * interval '1 day'
          and past.bucket <= tuples.bucket - interval '65 minutes')
    ), counted as (
      select subject_id, bucket, count(*) as observed from fresh group by subject_id, bucket
    )
    select 'subject' as entity_type, counted.subject_id as entity_id, counted.subject_id,
      cast(null as text) as resource, counted.bucket as start_at, max(exchanges.at) as end_at,
      case when max(case when exchanges.env = :highestEnvironment
          and position(' ' || exchanges.resource || ' ' in :sensitive) > 0 then 1 else 0 end) = 1
        then 'medium' else 'low' end as severity, 'low' as confidence,
      cast(counted.observed as double precision) as observed, cast(1 as double precision) as threshold,
      ${evidenceOf('exchanges')} as evidence
    from counted
    join fresh on fresh.subject_id = counted.subject_id and fresh.bucket = counted.bucket
    join exchanges on exchanges.subject_id = fresh.subject_id and exchanges.outcome = 'permitted'
      and exchanges.resource = fresh.resource and coalesce(exchanges.zone, '') = fresh.zone
      and exchanges.at >= fresh.bucket and exchanges.at < fresh.bucket + interval '24 hours'
    group by counted.subject_id, counted.bucket, counted.observed`,
};
