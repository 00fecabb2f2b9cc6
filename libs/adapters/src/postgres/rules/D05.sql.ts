import { evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';
import { sumInWindow } from './sum-in-window.js';

const SECONDS = 300;

const REFUSED = sumInWindow({
  name: 'refused',
  columns: ['handle_id', 'resource', 'event_id'],
  by: ['handle_id'],
  summed: 'occurrences',
  as: 'seen',
  from: 'uses',
  where: `outcome = 'denied' and reason = 'expired' and handle_id is not null
        and at >= :from - interval '5 minutes' and at < :until`,
  seconds: SECONDS,
});

/** Use after expiry, again and again: at least 20 refusals of one handle within five minutes. */
export const D05: StreamRule = {
  id: 'D05',
  bucketSeconds: SECONDS,
  reachSeconds: SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} uses of an expired handle within 5 minutes, at least ${threshold} are reported`,
  respond: NO_RESPONSE,
  steps: [REFUSED],
  text: `
    with ${REFUSED.sliding}, found as (
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
