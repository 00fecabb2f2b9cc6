/**
 * How many different targets an entity had within ten minutes, at each of its events, in one pass: a target counts from
 * its event to ten minutes after it, so that the number at an instant is a running sum of beginnings and ends. Reads
 * `touched (entity_type, entity_id, target, at)`, makes `present (entity_type, entity_id, at, targets)`. At one
 * instant beginnings come before ends: a window includes both of its ends.
 */
export const DISTINCT_IN_TEN_MINUTES = `
    spaced as (
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
    )`;
