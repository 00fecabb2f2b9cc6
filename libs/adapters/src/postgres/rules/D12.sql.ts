import { DISTINCT_IN_TEN_MINUTES } from './distinct-in-window.js';
import { answer, bucketOf, evidenceOf, type StreamRule } from './stream-rule.js';

const SECONDS = 600;
const LIMITED_SECONDS = 600;
/** A use is put down to a subject by the exchange that its handle came from; a handle lives for an hour at most. */
const REACH_SECONDS = SECONDS + 3_600;

/**
 * Enumeration: five or more different resources or routes refused within ten minutes, to one subject; where nobody can say
 * who asked, to one network zone. The same resource again and again is a mistake, and does not count.
 */
export const D12: StreamRule = {
  id: 'D12',
  bucketSeconds: SECONDS,
  reachSeconds: REACH_SECONDS,
  explain: ({ observed, threshold }) =>
    `${observed} different resources or routes were refused within 10 minutes, at least ${threshold} are reported`,
  respond: (row) => answer('rate_limit', row, LIMITED_SECONDS),
  steps: [DISTINCT_IN_TEN_MINUTES],
  text: `
    with touched as (
      select case when subject_id is null then 'source' else 'subject' end as entity_type,
        coalesce(subject_id, zone) as entity_id, subject_id, resource as target, at, event_id
      from exchanges
      where outcome = 'denied' and reason not in ('dependency_unavailable', 'internal_error')
        and resource is not null and coalesce(subject_id, zone) is not null
        and at >= :from - interval '10 minutes' and at < :until
      union all
      select distinct 'subject' as entity_type, exchanges.subject_id as entity_id, exchanges.subject_id,
        uses.resource || ' ' || coalesce(uses.route, '') as target, uses.at, uses.event_id
      from uses join exchanges on exchanges.handle_id = uses.handle_id and exchanges.outcome = 'permitted'
      where uses.outcome = 'denied' and uses.reason in ('resource_mismatch', 'operation_not_allowed')
        and uses.resource is not null and exchanges.subject_id is not null
        and uses.at >= :from - interval '10 minutes' and uses.at < :until
      union all
      select 'source' as entity_type, zone as entity_id, cast(null as text) as subject_id,
        resource || ' ' || coalesce(route, '') as target, at, event_id
      from uses
      where outcome = 'denied' and reason in ('missing_handle', 'malformed', 'unknown') and handle_id is null
        and zone is not null and resource is not null and at >= :from - interval '10 minutes' and at < :until
    ), ${DISTINCT_IN_TEN_MINUTES.sliding}, flagged as (
      select entity_type, entity_id, ${bucketOf('at', SECONDS)} as bucket, max(targets) as observed
      from present where ends = 0 and at >= :from and at < :until and targets >= :distinctDenied
      group by entity_type, entity_id, ${bucketOf('at', SECONDS)}
    )
    select flagged.entity_type, flagged.entity_id, max(touched.subject_id) as subject_id,
      cast(null as text) as resource, flagged.bucket as start_at, max(touched.at) as end_at,
      'high' as severity, 'medium' as confidence, cast(flagged.observed as double precision) as observed,
      :distinctDenied as threshold, ${evidenceOf('touched')} as evidence
    from flagged join touched on touched.entity_type = flagged.entity_type and touched.entity_id = flagged.entity_id
      and touched.at >= flagged.bucket - interval '10 minutes' and touched.at < flagged.bucket + interval '10 minutes'
    group by flagged.entity_type, flagged.entity_id, flagged.bucket, flagged.observed`,
};
