import { answer, evidenceOf, type StreamRule } from './stream-rule.js';

const SECONDS = 3_600;

/**
 * Volume: in an hour more than a hundred megabytes, and more than ten times the median of the same hour of the week in the
 * last fourteen days; more than fifty times is critical. Of a resource all that its credential gave, and of a handle what
 * went through it, compared with the same: a handle is too short-lived to have hours of its own to compare with.
 */
export const D17: StreamRule = {
  id: 'D17',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} bytes came back within an hour, up to ${threshold} are usual at this hour of the week`,
  respond: (row) =>
    row.entity_type !== 'handle'
      ? []
      : row.severity === 'critical'
        ? answer('suspend_handle', row, SECONDS)
        : answer('throttle', row, SECONDS),
  text: `
    with resources as (
      select resource, bucket, sum(bytes_out) as bytes
      from use_counts where resource <> '' and bucket >= :from and bucket < :until
      group by resource, bucket having sum(bytes_out) > :floorBytes
    ), past as (
      select resources.resource, resources.bucket, sum(counts.bytes_out) / 2.0 as median
      from resources join use_counts as counts on counts.resource = resources.resource
        and (counts.bucket = resources.bucket - interval '168 hours'
          or counts.bucket = resources.bucket - interval '336 hours')
      group by resources.resource, resources.bucket
    ), usual as (
      select resources.resource, resources.bucket, resources.bytes, coalesce(past.median, 0) as median
      from resources left join past on past.resource = resources.resource and past.bucket = resources.bucket
    ), handles as (
      select usual.resource, usual.bucket, usual.median, counts.handle_id, sum(counts.bytes_out) as bytes
      from usual join use_counts as counts on counts.resource = usual.resource and counts.bucket = usual.bucket
      group by usual.resource, usual.bucket, usual.median, counts.handle_id
    ), measured as (
      select 'resource' as entity_type, resource as entity_id, resource, bucket, bytes, median from usual
      union all
      select 'handle' as entity_type, handle_id as entity_id, resource, bucket, bytes, median from handles
    ), flagged as (
      select entity_type, entity_id, resource, bucket, bytes,
        greatest(:floorBytes, :factor * median) as threshold,
        case when median > 0 and bytes > greatest(:floorBytes, :criticalFactor * median) then 'critical' else 'high' end
          as severity
      from measured where bytes > greatest(:floorBytes, :factor * median)
    ), ranked as (
      select flagged.entity_type, flagged.entity_id, flagged.resource, flagged.bucket, flagged.bytes, flagged.threshold,
        flagged.severity, uses.event_id, uses.at, uses.subject_id,
        row_number() over (partition by flagged.entity_type, flagged.entity_id, flagged.bucket
          order by uses.bytes_out desc, uses.at, uses.event_id) as place
      from flagged join uses on uses.resource = flagged.resource
        and (flagged.entity_type = 'resource' or uses.handle_id = flagged.entity_id)
        and uses.at >= flagged.bucket and uses.at < flagged.bucket + interval '1 hour'
      where uses.at >= :from and uses.at < :until and uses.bytes_out > 0
    )
    select entity_type, entity_id,
      case when entity_type = 'handle' then max(subject_id) end as subject_id, resource, bucket as start_at, max(at) as end_at,
      severity, 'medium' as confidence, cast(bytes as double precision) as observed,
      cast(threshold as double precision) as threshold, ${evidenceOf('ranked')} as evidence
    from ranked where place <= 100
    group by entity_type, entity_id, resource, bucket, severity, bytes, threshold`,
};
