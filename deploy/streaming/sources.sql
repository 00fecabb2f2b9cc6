-- RisingWave: the topics of Postern as the views that rules.sql reads. Change the broker, and add TLS and SASL options.
-- Written by its manual; it has not been run (see README.md).

-- /24 networks that have a name; of the others the network itself is the zone.
create table zone_network (network varchar primary key, zone varchar not null);

create source exchange_events (payload jsonb) include key as record_key
with (connector = 'kafka', topic = 'postern.exchange.v1', properties.bootstrap.server = 'kafka:9092',
  scan.startup.mode = 'earliest') format plain encode json;
create source call_events (payload jsonb) include key as record_key
with (connector = 'kafka', topic = 'postern.call.v1', properties.bootstrap.server = 'kafka:9092',
  scan.startup.mode = 'earliest') format plain encode json;
create source rotation_events (payload jsonb) include key as record_key
with (connector = 'kafka', topic = 'postern.rotation.v1', properties.bootstrap.server = 'kafka:9092',
  scan.startup.mode = 'earliest') format plain encode json;

-- Each event once: a relay that was killed publishes some twice.
create materialized view exchange_event as
select distinct on (payload ->> 'id') payload from exchange_events order by payload ->> 'id';
create materialized view call_event as
select distinct on (payload ->> 'id') payload from call_events order by payload ->> 'id';
create materialized view rotation_event as
select distinct on (payload ->> 'id') payload from rotation_events order by payload ->> 'id';

create materialized view exchanges as
select payload ->> 'id' as event_id, cast(payload ->> 'time' as timestamptz) as at,
  cast(payload ->> 'recordedtime' as timestamptz) as recorded_at, payload ->> 'env' as env,
  split_part(payload ->> 'source', ':', 3) as deployment,
  case when payload ->> 'type' = 'dev.postern.exchange.permitted.v1' then 'permitted' else 'denied' end as outcome,
  payload -> 'data' ->> 'reason' as reason, payload -> 'data' -> 'actor' ->> 'subject_id' as subject_id,
  payload -> 'data' -> 'actor' ->> 'subject_kind' as subject_kind,
  payload -> 'data' -> 'actor' -> 'client' ->> 'ip' as client_ip,
  coalesce(zone_network.zone, regexp_replace(payload -> 'data' -> 'actor' -> 'client' ->> 'ip', '\.[0-9]+$', '.0/24'))
    as zone,
  payload -> 'data' ->> 'handle_id' as handle_id, payload -> 'data' ->> 'binding' as binding,
  coalesce(payload -> 'data' ->> 'granted_resource', payload -> 'data' ->> 'resource', payload -> 'data' ->> 'audience')
    as resource,
  coalesce(cast(payload -> 'data' ->> 'count' as integer), 1) as occurrences
from exchange_event left join zone_network on zone_network.network =
  regexp_replace(payload -> 'data' -> 'actor' -> 'client' ->> 'ip', '\.[0-9]+$', '.0/24')
where payload ->> 'type' in ('dev.postern.exchange.permitted.v1', 'dev.postern.exchange.denied.v1');

create materialized view uses as
select payload ->> 'id' as event_id, cast(payload ->> 'time' as timestamptz) as at,
  cast(payload ->> 'recordedtime' as timestamptz) as recorded_at, payload ->> 'env' as env,
  split_part(payload ->> 'source', ':', 3) as deployment,
  case when payload ->> 'type' = 'dev.postern.call.completed.v1' then 'permitted' else 'denied' end as outcome,
  coalesce(payload -> 'data' ->> 'reason', payload -> 'data' ->> 'outcome') as reason,
  payload -> 'data' ->> 'handle_id' as handle_id, payload -> 'data' ->> 'subject_id' as subject_id,
  payload -> 'data' ->> 'resource' as resource, payload -> 'data' ->> 'route_template' as route,
  coalesce(zone_network.zone, regexp_replace(payload -> 'data' -> 'client' ->> 'ip', '\.[0-9]+$', '.0/24')) as zone,
  -- The first product of the user agent, without versions; all browsers are `browser`.
  regexp_replace(regexp_replace(lower(split_part(split_part(payload -> 'data' -> 'client' ->> 'user_agent', ' ', 1), '/', 1)),
    '[-_.]?v?[0-9][0-9a-z.-]*$', ''), '^(mozilla|opera)$', 'browser') as agent,
  cast(payload -> 'data' ->> 'checksum_ok' as boolean) as checksum_ok,
  cast(payload -> 'data' ->> 'bytes_out' as bigint) as bytes_out,
  coalesce(cast(payload -> 'data' ->> 'count' as integer), 1) as occurrences
from call_event left join zone_network on zone_network.network =
  regexp_replace(payload -> 'data' -> 'client' ->> 'ip', '\.[0-9]+$', '.0/24')
where payload ->> 'type' in ('dev.postern.call.completed.v1', 'dev.postern.call.denied.v1');

create materialized view rotations as
select payload ->> 'id' as event_id, cast(payload ->> 'time' as timestamptz) as at,
  payload -> 'data' ->> 'resource' as resource, payload -> 'data' ->> 'state' as state,
  cast(payload -> 'data' ->> 'from_version' as integer) as from_version,
  cast(payload -> 'data' ->> 'to_version' as integer) as to_version
from rotation_event where payload -> 'data' ->> 'trigger' is not null;
