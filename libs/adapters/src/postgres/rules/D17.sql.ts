import { answer, evidenceOf, type StreamRule } from './stream-rule.js';

const SECONDS = 3_600;

/**
 * Volume: in an hour more than a hundred megabytes, and more than ten times the median of the same hour of the week in the
 * last fourteen days; more than fifty times is critical. Of a resource all that its credential gave, and of a handle what
 * went through it, compared with the same: a handle is too short-lived to have hours of its own to compare with.
 *
 * Fourteen days have that hour twice. A median of two says little of an export that began a minute earlier, or was run
 * again: with fewer than three such hours it must besides be more than twice what the resource gave in its busiest hours of
 * those days, without the busiest one of a hundred. A resource that was first seen less than seven days before is still
 * learnt: of it there is a detection of low confidence, without a response.
 */
export const D17: StreamRule = {
  id: 'D17',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} bytes came back within an hour, up to ${threshold} are usual for this resource and hour of the week`,
  respond: (row) =>
    row.entity_type !== 'handle' || row.confidence === 'low'
      ? []
      : row.severity === 'critical'
        ? answer('suspend_handle', row, SECONDS)
        : answer('throttle', row, SECONDS),
  text: `
    with resources as (
      select resource, bucket, sum(bytes_out) as bytes
      from use_counts where resource <> '' and bucket >= :from and bucket < :until
      group by resource, bucket having sum(bytes_out) > :floorBytes
    ), same_hours as (
      select resources.resource, resources.bucket, counts.bucket as past_bucket, sum(counts.bytes_out) as bytes
      from resources join use_counts as counts on counts.resource = resources.resource
        and (counts.bucket = resources.bucket - interval '168 hours'
          or counts.bucket = resources.bucket - interval '336 hours'
          or counts.bucket = resources.bucket - interval '504 hours')
      where counts.bucket >= resources.bucket - :baselineDays * interval '1 day'
      group by resources.resource, resources.bucket, counts.bucket
    ), medians as (
      select resource, bucket, count(*) as samples,
        case when :baselineDays < 14 then sum(bytes)
          when :baselineDays < 21 then sum(bytes) / 2.0
          when count(*) = 3 then sum(bytes) - max(bytes) - min(bytes)
          when count(*) = 2 then min(bytes)
          else 0 end as median
      from same_hours group by resource, bucket
    ), suspects as (
      select resources.resource, resources.bucket, resources.bytes, coalesce(medians.median, 0) as median,
        coalesce(medians.samples, 0) as samples
      from resources
      left join medians on medians.resource = resources.resource and medians.bucket = resources.bucket
      where resources.bytes > :factor * coalesce(medians.median, 0)
    ), past_hours as (
      select suspects.resource, suspects.bucket, counts.bucket as past_bucket, sum(counts.bytes_out) as bytes
      from suspects join use_counts as counts on counts.resource = suspects.resource
        and counts.bucket >= suspects.bucket - :baselineDays * interval '1 day'
        and counts.bucket <= suspects.bucket - interval '2 hours'
      group by suspects.resource, suspects.bucket, counts.bucket
    ), placed as (
      select hours.resource, hours.bucket, hours.past_bucket, hours.bytes, count(*) as place
      from past_hours as hours join past_hours as busier on busier.resource = hours.resource and busier.bucket = hours.bucket
        and (busier.bytes > hours.bytes or (busier.bytes = hours.bytes and busier.past_bucket <= hours.past_bucket))
      group by hours.resource, hours.bucket, hours.past_bucket, hours.bytes
    ), busiest as (
      select resource, bucket, min(past_bucket) as first_seen,
        max(case when place > (1 - :percentile) * 24 * :baselineDays then bytes else 0 end) as bytes
      from placed group by resource, bucket
    ), usual as (
      select suspects.resource, suspects.bucket, suspects.bytes, suspects.median,
        case when suspects.samples < :samples then :busyFactor * coalesce(busiest.bytes, 0) else 0 end as busy,
        coalesce(busiest.first_seen <= suspects.bucket - :learningDays * interval '1 day', false) as learnt
      from suspects
      left join busiest on busiest.resource = suspects.resource and busiest.bucket = suspects.bucket
    ), handles as (
      select usual.resource, usual.bucket, usual.median, usual.busy, usual.learnt, counts.handle_id,
        sum(counts.bytes_out) as bytes
      from usual join use_counts as counts on counts.resource = usual.resource and counts.bucket = usual.bucket
      group by usual.resource, usual.bucket, usual.median, usual.busy, usual.learnt, counts.handle_id
    ), measured as (
      select 'resource' as entity_type, resource as entity_id, resource, bucket, bytes, median, busy, learnt from usual
      union all
      select 'handle' as entity_type, handle_id as entity_id, resource, bucket, bytes, median, busy, learnt from handles
    ), flagged as (
      select entity_type, entity_id, resource, bucket, bytes, learnt,
        greatest(:floorBytes, :factor * median, busy) as threshold,
        case when median > 0
          and bytes > greatest(:floorBytes, :criticalFactor * median, :criticalFactor / :factor * busy)
          then 'critical' else 'high' end as severity
      from measured where bytes > greatest(:floorBytes, :factor * median, busy)
    ), ranked as (
      select flagged.entity_type, flagged.entity_id, flagged.resource, flagged.bucket, flagged.bytes, flagged.threshold,
        flagged.severity, flagged.learnt, uses.event_id, uses.at, uses.subject_id,
        row_number() over (partition by flagged.entity_type, flagged.entity_id, flagged.bucket
          order by uses.bytes_out desc, uses.at, uses.event_id) as place
      from flagged join uses on uses.resource = flagged.resource
        and (flagged.entity_type = 'resource' or uses.handle_id = flagged.entity_id)
        and uses.at >= flagged.bucket and uses.at < flagged.bucket + interval '1 hour'
      where uses.at >= :from and uses.at < :until and uses.bytes_out > 0
    )
    select entity_type, entity_id,
      case when entity_type = 'handle' then max(subject_id) end as subject_id, resource, bucket as start_at, max(at) as end_at,
      severity, case when learnt then 'medium' else 'low' end as confidence, cast(bytes as double precision) as observed,
      cast(threshold as double precision) as threshold, ${evidenceOf('ranked')} as evidence
    from ranked where place <= 100
    group by entity_type, entity_id, resource, bucket, severity, learnt, bytes, threshold`,
};
