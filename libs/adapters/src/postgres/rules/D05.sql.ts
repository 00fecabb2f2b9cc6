import { bucketOf, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';

const SECONDS = 300;

/** Use after expiry, again and again: at least 20 refusals of one handle within five minutes. */
export const D05: StreamRule = {
  id: 'D05',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} uses of an expired handle within 5 minutes, at least ${threshold} are reported`,
  respond: NO_RESPONSE,
  text: `
    with refused as (
      select handle_id, resource, event_id, at, ${bucketOf('at', SECONDS)} as bucket,
        sum(occurrences) over (
          partition by handle_id order by at range between interval '5 minutes' preceding and current row) as seen
      from uses
      where outcome = 'denied' and reason = 'expired' and handle_id is not null
        and at >= :from - interval '5 minutes' and at < :until
    ), found as (
      select handle_id, bucket, max(seen) as observed
      from refused where at >= :from and seen >= :denied group by handle_id, bucket
    )
    select 'handle' as entity_type, found.handle_id as entity_id, cast(null as text) as subject_id,
      max(refused.resource) as resource, max(refused.at) as end_at,
      found.bucket as start_at, 'medium' as severity, 'high' as confidence,
      cast(found.observed as double precision) as observed, :denied as threshold,
      ${evidenceOf('refused')} as evidence
    from found join refused on refused.handle_id = found.handle_id
      and (refused.bucket = found.bucket or refused.bucket = found.bucket - interval '5 minutes')
    group by found.handle_id, found.bucket, found.observed`,
};
