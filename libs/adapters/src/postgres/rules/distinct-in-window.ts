import { bucketOf } from './stream-rule.js';
import { type WindowStep } from './window-step.js';

/**
 * How many different targets an entity had within ten minutes, at each of its events. Reads
 * `touched (entity_type, entity_id, target, at)`, makes `present (entity_type, entity_id, at, ends, targets)`, of which
 * only rows with `ends = 0` are of events. A window includes both of its ends.
 */
export const DISTINCT_IN_TEN_MINUTES: WindowStep = {
  // In one pass: a target counts from its event to ten minutes after it, so that the number at an instant is a running
  // sum of beginnings and ends. At one instant beginnings come before ends.
  sliding: `spaced as (
      select entity_type, entity_id, at,
        lag(at) over (partition by entity_type, entity_id, target order by at) as last_at,
        lead(at) over (partition by entity_type, entity_id, target order by at) as next_at
      from (select distinct entity_type, entity_id, target, at from touched) as instants
    ), steps as (
      select entity_type, entity_id, at, 0 as ends,
        case when last_at is null or last_at < at - interval '10 minutes' then 1 else 0 end as step
      from spaced
      union all
      select entity_type, entity_id, at + interval '10 minutes' as at, 1 as ends, -1 as step
      from spaced where next_at is null or next_at > at + interval '10 minutes'
    ), present as (
      select entity_type, entity_id, at, ends,
        sum(step) over (partition by entity_type, entity_id order by at, ends) as targets
      from steps
    )`,
  // Each instant is listed in the buckets whose windows it may lie in: its own, and the next one.
  joined: `instants as (
      select distinct entity_type, entity_id, target, at, ${bucketOf('at', 600)} as bucket from touched
    ), reaching as (
      select entity_type, entity_id, target, at, bucket from instants
      union all
      select entity_type, entity_id, target, at, bucket + interval '10 minutes' as bucket from instants
    ), present as (
      select later.entity_type, later.entity_id, later.at, 0 as ends, count(distinct earlier.target) as targets
      from instants as later join reaching as earlier on earlier.entity_type = later.entity_type
        and earlier.entity_id = later.entity_id and earlier.bucket = later.bucket
        and earlier.at >= later.at - interval '10 minutes' and earlier.at <= later.at
      group by later.entity_type, later.entity_id, later.at
    )`,
};
