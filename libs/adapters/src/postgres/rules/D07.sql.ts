import { answer, evidenceOf, NO_RESPONSE, type StreamRule } from './stream-rule.js';
import { TURNS_IN_TEN_MINUTES } from './turns-in-window.js';

const SECONDS = 600;
const SUSPENDED_SECONDS = 900;
/** A handle lives for an hour at most, and whether it is bound is said by the exchange that it came from. */
const REACH_SECONDS = SECONDS + 3_600;

/**
 * One handle, two clients: a handle that is bound to no key is used from one network zone, from another, and from the
 * first again within ten minutes, and likewise by two families of clients. One that goes from one place to another and
 * stays there, as a pod does that is moved, is none. Of one dimension alone it is low.
 *
 * Only handles are looked at event by event that were used from several zones or by several families in these hours:
 * `use_counts` says so. `back_to_zone` is when the zone of the event was last used before another one was.
 */
export const D07: StreamRule = {
  id: 'D07',
  bucketSeconds: SECONDS,
  reachSeconds: REACH_SECONDS,
  explain: ({ observed, severity }) =>
    severity === 'high'
      ? `one handle that is bound to no key was used in turns from ${observed} network zones and by as many kinds of client within 10 minutes`
      : `one handle that is bound to no key was used in turns from ${observed} network zones, or by as many kinds of client, within 10 minutes`,
  respond: (row) =>
    row.severity === 'high' ? answer('suspend_handle', row, SUSPENDED_SECONDS) : NO_RESPONSE(),
  steps: [TURNS_IN_TEN_MINUTES],
  text: `
    with suspects as (
      select handle_id from use_counts
      where bucket > :from - interval '70 minutes' and bucket < :until and zone <> '' and agent <> ''
      group by handle_id having count(distinct zone) > 1 or count(distinct agent) > 1
    ), unbound as (
      select suspects.handle_id, max(exchanges.subject_id) as subject_id,
        max(exchanges.resource) as resource
      from suspects join exchanges on exchanges.handle_id = suspects.handle_id
        and exchanges.outcome = 'permitted' and exchanges.binding = 'none'
      group by suspects.handle_id
    ), ${TURNS_IN_TEN_MINUTES.sliding}, flagged as (
      select handle_id, subject_id, resource, bucket,
        max(case when back_to_zone >= at - interval '10 minutes' then 1 else 0 end) as by_zone,
        max(case when back_to_agent >= at - interval '10 minutes' then 1 else 0 end) as by_agent,
        max(case when back_to_zone >= at - interval '10 minutes' and back_to_agent >= at - interval '10 minutes'
          then 1 else 0 end) as by_both
      from judged
      where at >= :from
        and (back_to_zone >= at - interval '10 minutes' or back_to_agent >= at - interval '10 minutes')
      group by handle_id, subject_id, resource, bucket
    ), counted as (
      select flagged.handle_id, flagged.subject_id, flagged.resource, flagged.bucket, flagged.by_zone,
        flagged.by_agent, flagged.by_both, count(distinct judged.zone) as zones,
        count(distinct judged.agent) as agents, max(judged.at) as end_at, ${evidenceOf('judged')} as evidence
      from flagged join judged on judged.handle_id = flagged.handle_id
        and (judged.bucket = flagged.bucket or judged.bucket = flagged.bucket - interval '10 minutes')
      group by flagged.handle_id, flagged.subject_id, flagged.resource, flagged.bucket, flagged.by_zone,
        flagged.by_agent, flagged.by_both
    ), severe as (
      select handle_id, subject_id, resource, bucket, zones, agents, end_at, evidence,
        case when by_both = 1 and zones >= :zones and agents >= :agents then 'high' else 'low' end as severity
      from counted
      where (by_zone = 1 and zones >= :zones) or (by_agent = 1 and agents >= :agents)
    )
    select 'handle' as entity_type, handle_id as entity_id, subject_id, resource, bucket as start_at, end_at,
      severity, severity as confidence,
      cast(case when severity = 'high' then least(zones, agents) else greatest(zones, agents) end
        as double precision) as observed,
      least(:zones, :agents) as threshold, evidence
    from severe`,
};
