-- Made from libs/adapters/src/postgres/rules; test/contract/flink-rules.test.ts makes it again and compares.

create temporary view exchange_counts as
  select `at` - mod(`at`, 300000) as bucket, subject_id, coalesce(resource, '') as resource,
    coalesce(zone, '') as zone, coalesce(client_ip, '') as client_ip, sum(occurrences) as exchanges,
    coalesce(sum(occurrences) filter (where outcome = 'permitted'), 0) as permitted
  from exchanges where subject_id is not null
  group by `at` - mod(`at`, 300000), subject_id, coalesce(resource, ''),
    coalesce(zone, ''), coalesce(client_ip, '');

create temporary view use_counts as
  select `at` - mod(`at`, 3600000) as bucket, handle_id,
    coalesce(resource, '') as resource, coalesce(zone, '') as zone, coalesce(agent, '') as agent,
    sum(occurrences) as uses, cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out
  from uses where handle_id is not null
  group by `at` - mod(`at`, 3600000), handle_id, coalesce(resource, ''),
    coalesce(zone, ''), coalesce(agent, '');

-- D05: Handle used after it has expired.
create temporary view rule_d05 as
with refused_event as (
  select handle_id, resource, event_id, `at`, `at` - mod(`at`, 300000) as bucket, occurrences as amount
  from uses
  where outcome = 'denied' and reason = 'expired' and handle_id is not null
    and `at` >= 86400000 - 300000 and `at` < 253402128000000
), refused_reach as (
  select handle_id, `at`, amount, bucket from refused_event
  union all
  select handle_id, `at`, amount, bucket + 300000 as bucket from refused_event
), refused as (
  select later.handle_id, later.resource, later.event_id, later.`at`, later.bucket, sum(earlier.amount) as seen
  from refused_event as later join refused_reach as earlier on earlier.handle_id = later.handle_id
    and earlier.bucket = later.bucket and earlier.`at` >= later.`at` - 300000 and earlier.`at` <= later.`at`
  group by later.handle_id, later.resource, later.event_id, later.`at`, later.bucket
), found as (
  select handle_id, bucket, max(seen) as observed
  from refused where `at` >= 86400000 and seen >= cast(20 as double) group by handle_id, bucket
)
select 'handle' as entity_type, found.handle_id as entity_id, cast(null as string) as subject_id,
  max(refused.resource) as resource, max(refused.`at`) as end_at,
  found.bucket as start_at, 'medium' as severity, 'high' as confidence,
  cast(found.observed as double) as observed, cast(20 as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(refused.`at` as string) || refused.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from found join refused on refused.handle_id = found.handle_id
  and (refused.bucket = found.bucket or refused.bucket = found.bucket - 300000)
group by found.handle_id, found.bucket, found.observed;
set 'pipeline.name' = 'postern D05';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D05' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d05;

-- D07: Unbound handle used by two clients at once.
create temporary view rule_d07 as
with suspects as (
  select handle_id from use_counts
  where bucket > 86400000 - 4200000 and bucket < 253402128000000 and zone <> '' and agent <> ''
  group by handle_id having count(distinct zone) > 1 or count(distinct agent) > 1
), unbound as (
  select suspects.handle_id, max(exchanges.subject_id) as subject_id,
    max(exchanges.resource) as resource
  from suspects join exchanges on exchanges.handle_id = suspects.handle_id
    and exchanges.outcome = 'permitted' and exchanges.binding = 'none'
  group by suspects.handle_id
), ordered as (
  select uses.handle_id, unbound.subject_id, unbound.resource, uses.event_id, uses.`at`, uses.zone, uses.agent,
    cast(uses.`at` as string) || cast(uses.event_id as string) as mark, uses.`at` - mod(uses.`at`, 600000) as bucket
  from unbound join uses on uses.handle_id = unbound.handle_id
  where uses.`at` >= 86400000 - 600000 and uses.`at` < 253402128000000
    and uses.zone is not null and uses.agent is not null
), reaching as (
  select handle_id, `at`, zone, agent, mark, bucket from ordered
  union all
  select handle_id, `at`, zone, agent, mark, bucket + 600000 as bucket from ordered
), looked_back as (
  select later.handle_id, later.subject_id, later.resource, later.event_id, later.`at`, later.zone, later.agent,
    later.bucket,
    min(case when earlier.zone = later.zone then earlier.mark end) as zone_first,
    max(case when earlier.zone <> later.zone then earlier.mark end) as zone_other,
    min(case when earlier.agent = later.agent then earlier.mark end) as agent_first,
    max(case when earlier.agent <> later.agent then earlier.mark end) as agent_other
  from ordered as later join reaching as earlier on earlier.handle_id = later.handle_id
    and earlier.bucket = later.bucket and earlier.`at` >= later.`at` - 600000
    and earlier.mark <= later.mark
  group by later.handle_id, later.subject_id, later.resource, later.event_id, later.`at`, later.zone, later.agent,
    later.bucket
), judged as (
  select handle_id, subject_id, resource, event_id, `at`, zone, agent, bucket,
    case when zone_first < zone_other then `at` end as back_to_zone,
    case when agent_first < agent_other then `at` end as back_to_agent
  from looked_back
), flagged as (
  select handle_id, subject_id, resource, bucket,
    max(case when back_to_zone >= `at` - 600000 then 1 else 0 end) as by_zone,
    max(case when back_to_agent >= `at` - 600000 then 1 else 0 end) as by_agent,
    max(case when back_to_zone >= `at` - 600000 and back_to_agent >= `at` - 600000
      then 1 else 0 end) as by_both
  from judged
  where `at` >= 86400000
    and (back_to_zone >= `at` - 600000 or back_to_agent >= `at` - 600000)
  group by handle_id, subject_id, resource, bucket
), counted as (
  select flagged.handle_id, flagged.subject_id, flagged.resource, flagged.bucket, flagged.by_zone,
    flagged.by_agent, flagged.by_both, count(distinct judged.zone) as zones,
    count(distinct judged.agent) as agents, max(judged.`at`) as end_at, split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(judged.`at` as string) || judged.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
  from flagged join judged on judged.handle_id = flagged.handle_id
    and (judged.bucket = flagged.bucket or judged.bucket = flagged.bucket - 600000)
  group by flagged.handle_id, flagged.subject_id, flagged.resource, flagged.bucket, flagged.by_zone,
    flagged.by_agent, flagged.by_both
), severe as (
  select handle_id, subject_id, resource, bucket, zones, agents, end_at, evidence,
    case when by_both = 1 and zones >= cast(2 as double) and agents >= cast(2 as double) then 'high' else 'low' end as severity
  from counted
  where (by_zone = 1 and zones >= cast(2 as double)) or (by_agent = 1 and agents >= cast(2 as double))
)
select 'handle' as entity_type, handle_id as entity_id, subject_id, resource, bucket as start_at, end_at,
  severity, severity as confidence,
  cast(case when severity = 'high' then least(zones, agents) else greatest(zones, agents) end
    as double) as observed,
  least(cast(2 as double), cast(2 as double)) as threshold, evidence
from severe;
set 'pipeline.name' = 'postern D07';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D07' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d07;

-- D08: Handles are guessed or tried out.
create temporary view rule_d08 as
with refused_event as (
  select zone, checksum_ok, event_id, `at`, `at` - mod(`at`, 300000) as bucket, occurrences as amount
  from uses
  where outcome = 'denied' and zone is not null and `at` >= 86400000 - 300000 and `at` < 253402128000000
    and ((reason = 'unknown' and checksum_ok) or (reason in ('unknown', 'malformed') and not checksum_ok))
), refused_reach as (
  select zone, checksum_ok, `at`, amount, bucket from refused_event
  union all
  select zone, checksum_ok, `at`, amount, bucket + 300000 as bucket from refused_event
), refused as (
  select later.zone, later.checksum_ok, later.event_id, later.`at`, later.bucket, sum(earlier.amount) as seen
  from refused_event as later join refused_reach as earlier on earlier.zone = later.zone and earlier.checksum_ok = later.checksum_ok
    and earlier.bucket = later.bucket and earlier.`at` >= later.`at` - 300000 and earlier.`at` <= later.`at`
  group by later.zone, later.checksum_ok, later.event_id, later.`at`, later.bucket
), found as (
  select zone, bucket,
    max(case when checksum_ok then seen else 0 end) as valid,
    max(case when checksum_ok then 0 else seen end) as invalid
  from refused where `at` >= 86400000 group by zone, bucket
), flagged as (
  select zone, bucket, valid >= cast(10 as double) as by_valid,
    cast(case when valid >= cast(10 as double) then valid else invalid end as double) as observed,
    case when valid >= cast(10 as double) then cast(10 as double) else cast(50 as double) end as threshold
  from found where valid >= cast(10 as double) or invalid >= cast(50 as double)
)
select 'source' as entity_type, flagged.zone as entity_id, cast(null as string) as subject_id,
  cast(null as string) as resource, max(refused.`at`) as end_at,
  flagged.bucket as start_at, case when by_valid then 'high' else 'low' end as severity,
  case when by_valid then 'high' else 'low' end as confidence, flagged.observed, flagged.threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(refused.`at` as string) || refused.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from flagged join refused on refused.zone = flagged.zone and refused.checksum_ok = flagged.by_valid
  and (refused.bucket = flagged.bucket or refused.bucket = flagged.bucket - 300000)
group by flagged.zone, flagged.bucket, flagged.by_valid, flagged.observed, flagged.threshold;
set 'pipeline.name' = 'postern D08';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D08' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d08;

-- D10: A workload exchanges far more often than before.
create temporary view rule_d10 as
with counted as (
  select subject_id, bucket, client_ip, sum(exchanges) as counted
  from exchange_counts where bucket >= 86400000 and bucket < 253402128000000 group by subject_id, bucket, client_ip
), busy as (
  select subject_id, bucket from counted group by subject_id, bucket having sum(counted) > cast(20 as double)
), past_clients as (
  select busy.subject_id, busy.bucket, past.bucket as past_bucket, past.client_ip, sum(past.exchanges) as counted
  from busy join exchange_counts as past on past.subject_id = busy.subject_id
    and past.bucket >= busy.bucket - 1209600000 and past.bucket <= busy.bucket - 3900000
  group by busy.subject_id, busy.bucket, past.bucket, past.client_ip
), past_totals as (
  select subject_id, bucket, past_bucket, sum(counted) as counted
  from past_clients group by subject_id, bucket, past_bucket
), past_counts as (
  select 'client' as kind, subject_id, bucket, counted, count(*) as seen
  from past_clients group by subject_id, bucket, counted
  union all
  select 'total' as kind, subject_id, bucket, counted, count(*) as seen
  from past_totals group by subject_id, bucket, counted
), placed as (
  select held.kind, held.subject_id, held.bucket, held.counted, sum(others.seen) as seen,
    sum(case when others.counted <= held.counted then others.seen else 0 end) as place
  from past_counts as held join past_counts as others
    on others.kind = held.kind and others.subject_id = held.subject_id and others.bucket = held.bucket
  group by held.kind, held.subject_id, held.bucket, held.counted
), usual as (
  select kind, subject_id, bucket, min(counted) as p99 from placed
  where place >= cast(0.99 as double) * seen group by kind, subject_id, bucket
), bursts as (
  select busy.subject_id, busy.bucket, sum(counted.counted) as observed,
    greatest(cast(20 as double), cast(5 as double) * coalesce(max(total.p99), 0)) as threshold
  from busy
  join counted on counted.subject_id = busy.subject_id and counted.bucket = busy.bucket
  left join usual as client
    on client.kind = 'client' and client.subject_id = busy.subject_id and client.bucket = busy.bucket
  left join usual as total
    on total.kind = 'total' and total.subject_id = busy.subject_id and total.bucket = busy.bucket
  where counted.counted > coalesce(client.p99, 0)
  group by busy.subject_id, busy.bucket
)
select 'subject' as entity_type, bursts.subject_id as entity_id, bursts.subject_id,
  cast(null as string) as resource, bursts.bucket as start_at, max(exchanges.`at`) as end_at,
  'medium' as severity, 'medium' as confidence, cast(bursts.observed as double) as observed,
  cast(bursts.threshold as double) as threshold, split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(exchanges.`at` as string) || exchanges.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from bursts join exchanges on exchanges.subject_id = bursts.subject_id
  and exchanges.`at` - mod(exchanges.`at`, 300000) = bursts.bucket
  and exchanges.`at` >= bursts.bucket and exchanges.`at` < bursts.bucket + 300000
where bursts.observed > bursts.threshold
group by bursts.subject_id, bursts.bucket, bursts.observed, bursts.threshold;
set 'pipeline.name' = 'postern D10';
set 'table.exec.state.ttl' = '17 d';
insert into detection_candidates
select 'D10' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d10;

-- D11: A workload asks for many credentials that it never used.
create temporary view rule_d11 as
with suspects as (
  select subject_id from exchange_counts
  where bucket >= 86400000 - 900000 and bucket < 253402128000000 and resource <> ''
  group by subject_id having count(distinct resource) >= cast(5 as double)
), touched as (
  select 'subject' as entity_type, exchanges.subject_id as entity_id, exchanges.resource as target,
    exchanges.`at`, exchanges.event_id
  from suspects join exchanges on exchanges.subject_id = suspects.subject_id
  where exchanges.`at` >= 86400000 - 600000 and exchanges.`at` < 253402128000000
    and exchanges.resource is not null and exchanges.resource <> ''
), instants as (
  select distinct entity_type, entity_id, target, `at`, `at` - mod(`at`, 600000) as bucket from touched
), reaching as (
  select entity_type, entity_id, target, `at`, bucket from instants
  union all
  select entity_type, entity_id, target, `at`, bucket + 600000 as bucket from instants
), present as (
  select later.entity_type, later.entity_id, later.`at`, 0 as ends, count(distinct earlier.target) as targets
  from instants as later join reaching as earlier on earlier.entity_type = later.entity_type
    and earlier.entity_id = later.entity_id and earlier.bucket = later.bucket
    and earlier.`at` >= later.`at` - 600000 and earlier.`at` <= later.`at`
  group by later.entity_type, later.entity_id, later.`at`
), peaks as (
  select entity_id, `at` - mod(`at`, 600000) as bucket, max(targets) as observed
  from present where ends = 0 and `at` >= 86400000 and `at` < 253402128000000 and targets >= cast(5 as double)
  group by entity_id, `at` - mod(`at`, 600000)
), past as (
  select peaks.entity_id, peaks.bucket, counts.bucket - mod(counts.bucket, 600000) as past_bucket,
    count(distinct counts.resource) as resources
  from peaks join exchange_counts as counts on counts.subject_id = peaks.entity_id and counts.resource <> ''
    and counts.bucket >= peaks.bucket - 1209600000 and counts.bucket < peaks.bucket - 4200000
  group by peaks.entity_id, peaks.bucket, counts.bucket - mod(counts.bucket, 600000)
), usual as (
  select entity_id, bucket, max(resources) as resources, min(past_bucket) as first_seen
  from past group by entity_id, bucket
), flagged as (
  select peaks.entity_id, peaks.bucket, peaks.observed,
    greatest(cast(5 as double), coalesce(usual.resources + cast(3 as double), 0)) as threshold,
    coalesce(usual.first_seen <= peaks.bucket - 604800000, false) as learnt
  from peaks left join usual on usual.entity_id = peaks.entity_id and usual.bucket = peaks.bucket
)
select 'subject' as entity_type, flagged.entity_id, flagged.entity_id as subject_id,
  cast(null as string) as resource, flagged.bucket as start_at, max(touched.`at`) as end_at,
  'high' as severity, case when learnt then 'high' else 'low' end as confidence,
  cast(flagged.observed as double) as observed, cast(flagged.threshold as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(touched.`at` as string) || touched.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from flagged join touched on touched.entity_id = flagged.entity_id
  and touched.`at` >= flagged.bucket - 600000 and touched.`at` < flagged.bucket + 600000
where flagged.observed >= flagged.threshold
group by flagged.entity_id, flagged.bucket, flagged.learnt, flagged.observed, flagged.threshold;
set 'pipeline.name' = 'postern D11';
set 'table.exec.state.ttl' = '17 d';
insert into detection_candidates
select 'D11' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d11;

-- D12: A workload tries out what it is not permitted.
create temporary view rule_d12 as
with touched as (
  select case when subject_id is null then 'source' else 'subject' end as entity_type,
    coalesce(subject_id, zone) as entity_id, subject_id, resource as target, `at`, event_id
  from exchanges
  where outcome = 'denied' and reason not in ('dependency_unavailable', 'internal_error')
    and resource is not null and coalesce(subject_id, zone) is not null
    and `at` >= 86400000 - 600000 and `at` < 253402128000000
  union all
  select distinct 'subject' as entity_type, exchanges.subject_id as entity_id, exchanges.subject_id,
    uses.resource || ' ' || coalesce(uses.route, '') as target, uses.`at`, uses.event_id
  from uses join exchanges on exchanges.handle_id = uses.handle_id and exchanges.outcome = 'permitted'
  where uses.outcome = 'denied' and uses.reason in ('resource_mismatch', 'operation_not_allowed')
    and uses.resource is not null and exchanges.subject_id is not null
    and uses.`at` >= 86400000 - 600000 and uses.`at` < 253402128000000
  union all
  select 'source' as entity_type, zone as entity_id, cast(null as string) as subject_id,
    resource || ' ' || coalesce(route, '') as target, `at`, event_id
  from uses
  where outcome = 'denied' and reason in ('missing_handle', 'malformed', 'unknown') and handle_id is null
    and zone is not null and resource is not null and `at` >= 86400000 - 600000 and `at` < 253402128000000
), instants as (
  select distinct entity_type, entity_id, target, `at`, `at` - mod(`at`, 600000) as bucket from touched
), reaching as (
  select entity_type, entity_id, target, `at`, bucket from instants
  union all
  select entity_type, entity_id, target, `at`, bucket + 600000 as bucket from instants
), present as (
  select later.entity_type, later.entity_id, later.`at`, 0 as ends, count(distinct earlier.target) as targets
  from instants as later join reaching as earlier on earlier.entity_type = later.entity_type
    and earlier.entity_id = later.entity_id and earlier.bucket = later.bucket
    and earlier.`at` >= later.`at` - 600000 and earlier.`at` <= later.`at`
  group by later.entity_type, later.entity_id, later.`at`
), flagged as (
  select entity_type, entity_id, `at` - mod(`at`, 600000) as bucket, max(targets) as observed
  from present where ends = 0 and `at` >= 86400000 and `at` < 253402128000000 and targets >= cast(5 as double)
  group by entity_type, entity_id, `at` - mod(`at`, 600000)
)
select flagged.entity_type, flagged.entity_id, max(touched.subject_id) as subject_id,
  cast(null as string) as resource, flagged.bucket as start_at, max(touched.`at`) as end_at,
  'high' as severity, 'medium' as confidence, cast(flagged.observed as double) as observed,
  cast(5 as double) as threshold, split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(touched.`at` as string) || touched.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from flagged join touched on touched.entity_type = flagged.entity_type and touched.entity_id = flagged.entity_id
  and touched.`at` >= flagged.bucket - 600000 and touched.`at` < flagged.bucket + 600000
group by flagged.entity_type, flagged.entity_id, flagged.bucket, flagged.observed;
set 'pipeline.name' = 'postern D12';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D12' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d12;

-- D13: A workload uses a credential from a place that is new.
create temporary view rule_d13 as
with today as (
  select subject_id, resource, zone, bucket - mod(bucket, 86400000) as bucket
  from exchange_counts
  where permitted > 0 and bucket >= 86400000 and bucket < 253402128000000
  group by subject_id, resource, zone, bucket - mod(bucket, 86400000)
  having max(bucket) >= 86400000 - 300000
), touched_subjects as (
  select distinct subject_id, bucket from today
), tuples as (
  select distinct counts.subject_id, counts.resource, counts.zone, touched_subjects.bucket
  from touched_subjects join exchange_counts as counts on counts.subject_id = touched_subjects.subject_id
    and counts.bucket >= touched_subjects.bucket and counts.bucket < touched_subjects.bucket + 86400000
  where counts.permitted > 0
), fresh as (
  select tuples.subject_id, tuples.resource, tuples.zone, tuples.bucket
  from tuples
  where not exists (
    select 1 from exchange_counts as past
    where past.subject_id = tuples.subject_id and past.resource = tuples.resource and past.zone = tuples.zone
      and past.permitted > 0 and past.bucket >= tuples.bucket - 2592000000
      and past.bucket <= tuples.bucket - 3900000)
), counted as (
  select subject_id, bucket, count(*) as observed from fresh group by subject_id, bucket
)
select 'subject' as entity_type, counted.subject_id as entity_id, counted.subject_id,
  cast(null as string) as resource, counted.bucket as start_at, max(exchanges.`at`) as end_at,
  case when max(case when exchanges.env = 'prod'
      and locate(' ' || exchanges.resource || ' ', ' ') > 0 then 1 else 0 end) = 1
    then 'medium' else 'low' end as severity, 'low' as confidence,
  cast(counted.observed as double) as observed, cast(1 as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(exchanges.`at` as string) || exchanges.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from counted
join fresh on fresh.subject_id = counted.subject_id and fresh.bucket = counted.bucket
join exchanges on exchanges.subject_id = fresh.subject_id and exchanges.outcome = 'permitted'
  and exchanges.resource = fresh.resource and coalesce(exchanges.zone, '') = fresh.zone
  and exchanges.`at` >= fresh.bucket and exchanges.`at` < fresh.bucket + 86400000
group by counted.subject_id, counted.bucket, counted.observed;
set 'pipeline.name' = 'postern D13';
set 'table.exec.state.ttl' = '33 d';
insert into detection_candidates
select 'D13' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d13;

-- D14: A person uses the identity of a workload.
create temporary view rule_d14 as
with suspects as (
  select handle_id, bucket, sum(uses) as observed
  from use_counts
  where bucket >= 86400000 and bucket < 253402128000000
    and (agent in ('browser', 'curl', 'httpie', 'postman', 'postmanruntime', 'insomnia', 'wget') or zone like 'office%' or zone like 'vpn%')
  group by handle_id, bucket
), workloads as (
  select suspects.handle_id, suspects.bucket, suspects.observed, max(exchanges.subject_id) as subject_id,
    max(exchanges.resource) as resource
  from suspects join exchanges on exchanges.handle_id = suspects.handle_id
    and exchanges.outcome = 'permitted' and exchanges.subject_kind = 'workload'
  group by suspects.handle_id, suspects.bucket, suspects.observed
)
select 'handle' as entity_type, workloads.handle_id as entity_id, workloads.subject_id,
  workloads.resource, workloads.bucket as start_at, max(uses.`at`) as end_at, 'medium' as severity, 'medium' as confidence,
  cast(workloads.observed as double) as observed, cast(1 as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(uses.`at` as string) || uses.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from workloads join uses on uses.handle_id = workloads.handle_id
  and uses.`at` >= workloads.bucket and uses.`at` < workloads.bucket + 3600000
  and uses.`at` - mod(uses.`at`, 3600000) = workloads.bucket
where uses.agent in ('browser', 'curl', 'httpie', 'postman', 'postmanruntime', 'insomnia', 'wget') or uses.zone like 'office%' or uses.zone like 'vpn%'
group by workloads.handle_id, workloads.subject_id, workloads.resource, workloads.bucket, workloads.observed;
set 'pipeline.name' = 'postern D14';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D14' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d14;

-- D15: One credential is used by several applications.
create temporary view rule_d15 as
with shared as (
  select resource, bucket - mod(bucket, 86400000) as bucket, count(distinct subject_id) as observed
  from exchange_counts where permitted > 0 and resource <> '' and bucket >= 86400000 and bucket < 253402128000000
  group by resource, bucket - mod(bucket, 86400000) having count(distinct subject_id) >= cast(2 as double)
), first_of_each as (
  select shared.resource, shared.bucket, shared.observed, exchanges.event_id, exchanges.`at`,
    row_number() over (partition by shared.resource, shared.bucket, exchanges.subject_id
      order by exchanges.`at`, exchanges.event_id) as place
  from shared join exchanges on exchanges.resource = shared.resource and exchanges.outcome = 'permitted'
    and exchanges.subject_id is not null
    and exchanges.`at` >= shared.bucket and exchanges.`at` < shared.bucket + 86400000
  where exchanges.`at` >= 86400000 and exchanges.`at` < 253402128000000
)
select 'resource' as entity_type, resource as entity_id, cast(null as string) as subject_id,
  resource, bucket as start_at, max(`at`) as end_at, 'low' as severity, 'high' as confidence,
  cast(observed as double) as observed, cast(2 as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(first_of_each.`at` as string) || first_of_each.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from first_of_each where place = 1 group by resource, bucket, observed;
set 'pipeline.name' = 'postern D15';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D15' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d15;

-- D17: Far more comes out of a resource than before.
create temporary view rule_d17 as
with resources as (
  select resource, bucket, sum(bytes_out) as `bytes`
  from use_counts where resource <> '' and bucket >= 86400000 and bucket < 253402128000000
  group by resource, bucket having sum(bytes_out) > cast(100000000 as double)
), same_hours as (
  select resources.resource, resources.bucket, counts.bucket as past_bucket, sum(counts.bytes_out) as `bytes`
  from resources join use_counts as counts on counts.resource = resources.resource
    and (counts.bucket = resources.bucket - 604800000
      or counts.bucket = resources.bucket - 1209600000
      or counts.bucket = resources.bucket - 1814400000)
  where counts.bucket >= resources.bucket - 1209600000
  group by resources.resource, resources.bucket, counts.bucket
), medians as (
  select resource, bucket, count(*) as samples,
    case when cast(14 as double) < 14 then sum(`bytes`)
      when cast(14 as double) < 21 then sum(`bytes`) / 2.0
      when count(*) = 3 then sum(`bytes`) - max(`bytes`) - min(`bytes`)
      when count(*) = 2 then min(`bytes`)
      else 0 end as median
  from same_hours group by resource, bucket
), suspects as (
  select resources.resource, resources.bucket, resources.`bytes`, coalesce(medians.median, 0) as median,
    coalesce(medians.samples, 0) as samples
  from resources
  left join medians on medians.resource = resources.resource and medians.bucket = resources.bucket
  where resources.`bytes` > cast(10 as double) * coalesce(medians.median, 0)
), past_hours as (
  select suspects.resource, suspects.bucket, counts.bucket as past_bucket, sum(counts.bytes_out) as `bytes`
  from suspects join use_counts as counts on counts.resource = suspects.resource
    and counts.bucket >= suspects.bucket - 1209600000
    and counts.bucket <= suspects.bucket - 7200000
  group by suspects.resource, suspects.bucket, counts.bucket
), placed as (
  select hours.resource, hours.bucket, hours.past_bucket, hours.`bytes`, count(*) as place
  from past_hours as hours join past_hours as busier on busier.resource = hours.resource and busier.bucket = hours.bucket
    and (busier.`bytes` > hours.`bytes` or (busier.`bytes` = hours.`bytes` and busier.past_bucket <= hours.past_bucket))
  group by hours.resource, hours.bucket, hours.past_bucket, hours.`bytes`
), busiest as (
  select resource, bucket, min(past_bucket) as first_seen,
    max(case when place > (1 - cast(0.99 as double)) * 24 * cast(14 as double) then `bytes` else 0 end) as `bytes`
  from placed group by resource, bucket
), usual as (
  select suspects.resource, suspects.bucket, suspects.`bytes`, suspects.median,
    case when suspects.samples < cast(3 as double) then cast(2 as double) * coalesce(busiest.`bytes`, 0) else 0 end as busy,
    coalesce(busiest.first_seen <= suspects.bucket - 604800000, false) as learnt
  from suspects
  left join busiest on busiest.resource = suspects.resource and busiest.bucket = suspects.bucket
), handles as (
  select usual.resource, usual.bucket, usual.median, usual.busy, usual.learnt, counts.handle_id,
    sum(counts.bytes_out) as `bytes`
  from usual join use_counts as counts on counts.resource = usual.resource and counts.bucket = usual.bucket
  group by usual.resource, usual.bucket, usual.median, usual.busy, usual.learnt, counts.handle_id
), measured as (
  select 'resource' as entity_type, resource as entity_id, resource, bucket, `bytes`, median, busy, learnt from usual
  union all
  select 'handle' as entity_type, handle_id as entity_id, resource, bucket, `bytes`, median, busy, learnt from handles
), flagged as (
  select entity_type, entity_id, resource, bucket, `bytes`, learnt,
    greatest(cast(100000000 as double), cast(10 as double) * median, busy) as threshold,
    case when median > 0
      and `bytes` > greatest(cast(100000000 as double), cast(50 as double) * median, cast(50 as double) / cast(10 as double) * busy)
      then 'critical' else 'high' end as severity
  from measured where `bytes` > greatest(cast(100000000 as double), cast(10 as double) * median, busy)
), ranked as (
  select flagged.entity_type, flagged.entity_id, flagged.resource, flagged.bucket, flagged.`bytes`, flagged.threshold,
    flagged.severity, flagged.learnt, uses.event_id, uses.`at`, uses.subject_id,
    row_number() over (partition by flagged.entity_type, flagged.entity_id, flagged.bucket
      order by uses.bytes_out desc, uses.`at`, uses.event_id) as place
  from flagged join uses on uses.resource = flagged.resource
    and (flagged.entity_type = 'resource' or uses.handle_id = flagged.entity_id)
    and uses.`at` >= flagged.bucket and uses.`at` < flagged.bucket + 3600000
  where uses.`at` >= 86400000 and uses.`at` < 253402128000000 and uses.bytes_out > 0
)
select entity_type, entity_id,
  case when entity_type = 'handle' then max(subject_id) end as subject_id, resource, bucket as start_at, max(`at`) as end_at,
  severity, case when learnt then 'medium' else 'low' end as confidence, cast(`bytes` as double) as observed,
  cast(threshold as double) as threshold, split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(ranked.`at` as string) || ranked.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from ranked where place <= 100
group by entity_type, entity_id, resource, bucket, severity, learnt, `bytes`, threshold;
set 'pipeline.name' = 'postern D17';
set 'table.exec.state.ttl' = '17 d';
insert into detection_candidates
select 'D17' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d17;

-- D21: A rotation that nobody planned.
create temporary view rule_d21 as
with judged_event as (
  select resource, event_id, case when state = 'promoted' and to_version < from_version then 1 else 0 end as is_back, `at`, `at` - mod(`at`, 3600000) as bucket, case when state = 'requested' then 1 else 0 end as amount
  from rotations
  where (state = 'requested' or state = 'promoted')
    and `at` >= 86400000 - 3600000 and `at` < 253402128000000
), judged_reach as (
  select resource, `at`, amount, bucket from judged_event
  union all
  select resource, `at`, amount, bucket + 3600000 as bucket from judged_event
), judged as (
  select later.resource, later.event_id, later.is_back, later.`at`, later.bucket, sum(earlier.amount) as begun
  from judged_event as later join judged_reach as earlier on earlier.resource = later.resource
    and earlier.bucket = later.bucket and earlier.`at` >= later.`at` - 3600000 and earlier.`at` <= later.`at`
  group by later.resource, later.event_id, later.is_back, later.`at`, later.bucket
), flagged as (
  select resource, bucket, max(begun) as begun, max(is_back) as is_back
  from judged where `at` >= 86400000 and (begun >= cast(3 as double) or is_back = 1) group by resource, bucket
)
select 'resource' as entity_type, flagged.resource as entity_id, cast(null as string) as subject_id,
  flagged.resource, flagged.bucket as start_at, max(judged.`at`) as end_at, 'high' as severity,
  case when flagged.is_back = 1 then 'high' else 'medium' end as confidence,
  cast(flagged.begun as double) as observed, cast(3 as double) as threshold,
  split(regexp_replace(array_join(array_slice(array_sort(array_distinct(array_agg(
    cast(judged.`at` as string) || judged.event_id))), 1, 100), ','), '(?<=^|,)[0-9]{13}', ''), ',') as evidence
from flagged join judged on judged.resource = flagged.resource
  and (judged.bucket = flagged.bucket or judged.bucket = flagged.bucket - 3600000)
group by flagged.resource, flagged.bucket, flagged.begun, flagged.is_back;
set 'pipeline.name' = 'postern D21';
set 'table.exec.state.ttl' = '3 d';
insert into detection_candidates
select 'D21' as rule, entity_type, entity_id, subject_id, resource, to_timestamp_ltz(start_at, 3), to_timestamp_ltz(end_at, 3), severity, confidence, observed, threshold, evidence
from rule_d21;
