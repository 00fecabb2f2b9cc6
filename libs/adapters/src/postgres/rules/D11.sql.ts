import { DISTINCT_IN_TEN_MINUTES } from './distinct-in-window.js';
import { answer, bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 600;
const STEP_DOWN_SECONDS = 1_800;

/**
 * Harvest: a subject asks for credentials of five or more different resources within ten minutes, and of three more than
 * it ever did in ten minutes of the last fourteen days. A subject that was first seen less than seven days before is
 * still learnt: of it there is a detection of low confidence, without a response.
 */
export const D11: StreamRule = {
  id: 'D11',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `credentials of ${observed} resources were asked for within 10 minutes, fewer than ${threshold} are usual`,
  respond: (row) =>
    row.confidence === 'high' ? answer('step_down', row, STEP_DOWN_SECONDS) : NO_RESPONSE(),
  steps: [DISTINCT_IN_TEN_MINUTES],
  text: `
    with suspects as (
      select subject_id from exchange_counts
      where bucket >= :from - interval '15 minutes' and bucket < :until and resource <> ''
      group by subject_id having count(distinct resource) >= :floor
    ), touched as (
      select 'subject' as entity_type, exchanges.subject_id as entity_id, exchanges.resource as target,
        exchanges.at, exchanges.event_id
      from suspects join exchanges on exchanges.subject_id = suspects.subject_id
      where exchanges.at >= :from - interval '10 minutes' and exchanges.at < :until
        and exchanges.resource is not null and exchanges.resource <> ''
    ), ${DISTINCT_IN_TEN_MINUTES.sliding}, peaks as (
      select entity_id, ${bucketOf('at', SECONDS)} as bucket, max(targets) as observed
      from present where ends = 0 and at >= :from and at < :until and targets >= :floor
      group by entity_id, ${bucketOf('at', SECONDS)}
    ), past as (
      select peaks.entity_id, peaks.bucket, ${bucketOf('counts.bucket', SECONDS)} as past_bucket,
        count(distinct counts.resource) as resources
      from peaks join exchange_counts as counts on counts.subject_id = peaks.entity_id and counts.resource <> ''
        and counts.bucket >= peaks.bucket - :baselineDays * interval '1 day' and counts.bucket < peaks.bucket - interval '70 minutes'
      group by peaks.entity_id, peaks.bucket, ${bucketOf('counts.bucket', SECONDS)}
    ), usual as (
      select entity_id, bucket, max(resources) as resources, min(past_bucket) as first_seen
      from past group by entity_id, bucket
    ), flagged as (
      select peaks.entity_id, peaks.bucket, peaks.observed,
        greatest(:floor, coalesce(usual.resources + :margin, 0)) as threshold,
        coalesce(usual.first_seen <= peaks.bucket - :learningDays * interval '1 day', false) as learnt
      from peaks left join usual on usual.entity_id = peaks.entity_id and usual.bucket = peaks.bucket
    )
    select 'subject' as entity_type, flagged.entity_id, flagged.entity_id as subject_id,
      cast(null as text) as resource, flagged.bucket as start_at, max(touched.at) as end_at,
      'high' as severity, case when learnt then 'high' else 'low' end as confidence,
      cast(flagged.observed as double precision) as observed, cast(flagged.threshold as double precision) as threshold,
      ${evidenceOf('touched')} as evidence
    from flagged join touched on touched.entity_id = flagged.entity_id
      and touched.at >= flagged.bucket - interval '10 minutes' and touched.at < flagged.bucket + interval '10 minutes'
    where flagged.observed >= flagged.threshold
    group by flagged.entity_id, flagged.bucket, flagged.learnt, flagged.observed, flagged.threshold`,
};
