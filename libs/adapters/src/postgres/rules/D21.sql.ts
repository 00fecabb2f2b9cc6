import { answer, evidenceOf, type StreamRule } from './stream-rule.js';
import { sumInWindow } from './sum-in-window.js';

const SECONDS = 3_600;

const JUDGED = sumInWindow({
  name: 'judged',
  columns: [
    'resource',
    'event_id',
    `case when state = 'promoted' and to_version < from_version then 1 else 0 end as is_back`,
  ],
  by: ['resource'],
  summed: `case when state = 'requested' then 1 else 0 end`,
  as: 'begun',
  from: 'rotations',
  where: `(state = 'requested' or state = 'promoted')
        and at >= :from - interval '1 hour' and at < :until`,
  seconds: SECONDS,
});

/** Odd rotations: three or more of one resource begun within an hour, or one that made an older version the current one. */
export const D21: StreamRule = {
  id: 'D21',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold, confidence }) =>
    confidence === 'high'
      ? 'a rotation made an older version of the credential the current one'
      : `${observed} rotations of one credential were begun within an hour, at least ${threshold} are reported`,
  respond: (row) => answer('hold_promotion', row),
  steps: [JUDGED],
  text: `
    with ${JUDGED.sliding}, flagged as (
      select resource, bucket, max(begun) as begun, max(is_back) as is_back
      from judged where at >= :from and (begun >= :perHour or is_back = 1) group by resource, bucket
    )
    select 'resource' as entity_type, flagged.resource as entity_id, cast(null as text) as subject_id,
      flagged.resource, flagged.bucket as start_at, max(judged.at) as end_at, 'high' as severity,
      case when flagged.is_back = 1 then 'high' else 'medium' end as confidence,
      cast(flagged.begun as double precision) as observed, :perHour as threshold,
      ${evidenceOf('judged')} as evidence
    from flagged join judged on judged.resource = flagged.resource
      and (judged.bucket = flagged.bucket or judged.bucket = flagged.bucket - interval '1 hour')
    group by flagged.resource, flagged.bucket, flagged.begun, flagged.is_back`,
};
