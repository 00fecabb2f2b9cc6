import { bucketOf, markOf } from './stream-rule.js';
import { type WindowStep } from './window-step.js';

const SECONDS = 600;

const USES = `from unbound join uses on uses.handle_id = unbound.handle_id
      where uses.at >= :from - interval '10 minutes' and uses.at < :until
        and uses.zone is not null and uses.agent is not null`;

/**
 * When the zone of a use was last used before another one was, and the same of families of clients. Reads `uses` and
 * `unbound (handle_id, subject_id, resource)`, makes
 * `judged (handle_id, subject_id, resource, event_id, at, zone, agent, bucket, back_to_zone, back_to_agent)`, where only
 * it counts whether the last two are within ten minutes before the use.
 */
export const TURNS_IN_TEN_MINUTES: WindowStep = {
  sliding: `ordered as (
      select uses.handle_id, unbound.subject_id, unbound.resource, uses.event_id, uses.at, uses.zone, uses.agent,
        ${bucketOf('uses.at', SECONDS)} as bucket,
        lag(uses.zone) over (partition by uses.handle_id order by uses.at, uses.event_id) as zone_before,
        lag(uses.agent) over (partition by uses.handle_id order by uses.at, uses.event_id) as agent_before,
        lag(uses.at) over (partition by uses.handle_id, uses.zone order by uses.at, uses.event_id) as zone_last,
        lag(uses.at) over (partition by uses.handle_id, uses.agent order by uses.at, uses.event_id) as agent_last
      ${USES}
    ), judged as (
      select handle_id, subject_id, resource, event_id, at, zone, agent, bucket,
        max(case when zone_before <> zone then zone_last end) over (
          partition by handle_id, zone order by at, event_id) as back_to_zone,
        max(case when agent_before <> agent then agent_last end) over (
          partition by handle_id, agent order by at, event_id) as back_to_agent
      from ordered
    )`,
  // Within ten minutes a zone was come back to when its first use comes before the last one of another zone.
  joined: `ordered as (
      select uses.handle_id, unbound.subject_id, unbound.resource, uses.event_id, uses.at, uses.zone, uses.agent,
        ${markOf('uses')} as mark, ${bucketOf('uses.at', SECONDS)} as bucket
      ${USES}
    ), reaching as (
      select handle_id, at, zone, agent, mark, bucket from ordered
      union all
      select handle_id, at, zone, agent, mark, bucket + interval '10 minutes' as bucket from ordered
    ), looked_back as (
      select later.handle_id, later.subject_id, later.resource, later.event_id, later.at, later.zone, later.agent,
        later.bucket,
        min(case when earlier.zone = later.zone then earlier.mark end) as zone_first,
        max(case when earlier.zone <> later.zone then earlier.mark end) as zone_other,
        min(case when earlier.agent = later.agent then earlier.mark end) as agent_first,
        max(case when earlier.agent <> later.agent then earlier.mark end) as agent_other
      from ordered as later join reaching as earlier on earlier.handle_id = later.handle_id
        and earlier.bucket = later.bucket and earlier.at >= later.at - interval '10 minutes'
        and earlier.mark <= later.mark
      group by later.handle_id, later.subject_id, later.resource, later.event_id, later.at, later.zone, later.agent,
        later.bucket
    ), judged as (
      select handle_id, subject_id, resource, event_id, at, zone, agent, bucket,
        case when zone_first < zone_other then at end as back_to_zone,
        case when agent_first < agent_other then at end as back_to_agent
      from looked_back
    )`,
};
