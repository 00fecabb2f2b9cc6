-- Flink SQL: the topics of Postern as the views that rules.sql reads. Change the broker, and add TLS and SASL options
-- ('properties.security.protocol' and so on). For a run that ends with what is there, add 'scan.bounded.mode' =
-- 'latest-offset' to the three tables.
set 'table.local-time-zone' = 'UTC';
-- Corrections of a few seconds are taken together, and a candidate is sent once for all of them.
set 'table.exec.mini-batch.enabled' = 'true';
set 'table.exec.mini-batch.allow-latency' = '2 s';
set 'table.exec.mini-batch.size' = '10000';

create temporary table exchange_events (
  id string, type string, `time` string, env string,
  data row<reason string, `count` bigint, handle_id string, binding string, granted_resource string, resource string,
    audience string,
    actor row<subject_id string, subject_kind string, client row<ip string, user_agent string>>>
) with ('connector' = 'kafka', 'topic' = 'postern.exchange.v1', 'properties.bootstrap.servers' = 'kafka:9092',
  'properties.group.id' = 'postern-rules', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

create temporary table call_events (
  id string, type string, `time` string, env string,
  data row<reason string, `count` bigint, outcome string, handle_id string, subject_id string, resource string,
    route_template string, checksum_ok boolean, bytes_out bigint, client row<ip string, user_agent string>>
) with ('connector' = 'kafka', 'topic' = 'postern.call.v1', 'properties.bootstrap.servers' = 'kafka:9092',
  'properties.group.id' = 'postern-rules', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

create temporary table rotation_events (
  id string, type string, `time` string, env string,
  data row<resource string, state string, `trigger` string, from_version bigint, to_version bigint>
) with ('connector' = 'kafka', 'topic' = 'postern.rotation.v1', 'properties.bootstrap.servers' = 'kafka:9092',
  'properties.group.id' = 'postern-rules', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');

-- Instants are milliseconds since 1970, as rules.sql has them. `distinct` takes each event once: a relay that was killed
-- publishes some twice.
create temporary view exchange_event as
select distinct id as event_id,
  1000 * unix_timestamp(substring(`time` from 1 for 19), 'yyyy-MM-dd''T''HH:mm:ss')
    + cast(substring(`time` from 21 for 3) as bigint) as `at`, env,
  case when type = 'dev.postern.exchange.permitted.v1' then 'permitted' else 'denied' end as outcome,
  data.reason as reason, data.actor.subject_id as subject_id, data.actor.subject_kind as subject_kind,
  data.actor.client.ip as client_ip, regexp_replace(data.actor.client.ip, '^::[fF]{4}:(?=[0-9]+\.)', '') as ip,
  data.handle_id as handle_id, data.binding as binding,
  coalesce(data.granted_resource, data.resource, data.audience) as resource, coalesce(data.`count`, 1) as occurrences
from exchange_events
where type in ('dev.postern.exchange.permitted.v1', 'dev.postern.exchange.denied.v1');

create temporary view call_event as
select distinct id as event_id,
  1000 * unix_timestamp(substring(`time` from 1 for 19), 'yyyy-MM-dd''T''HH:mm:ss')
    + cast(substring(`time` from 21 for 3) as bigint) as `at`, env,
  case when type = 'dev.postern.call.completed.v1' then 'permitted' else 'denied' end as outcome,
  coalesce(data.reason, data.outcome) as reason, data.handle_id as handle_id, data.subject_id as subject_id,
  data.resource as resource, data.route_template as route,
  regexp_replace(data.client.ip, '^::[fF]{4}:(?=[0-9]+\.)', '') as ip, trim(data.client.user_agent) as user_agent,
  data.checksum_ok as checksum_ok, data.bytes_out as bytes_out, coalesce(data.`count`, 1) as occurrences
from call_events
where type in ('dev.postern.call.completed.v1', 'dev.postern.call.denied.v1');

-- An address stands for its /24, or its /48 in IPv6.
create temporary view exchange_network as
select *,
  case when regexp(ip, '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$') then regexp_replace(ip, '\.[0-9]+$', '.0/24')
    when ip like '%:%' then regexp_extract(regexp_replace(regexp_replace(lower(ip), '::', ':0:0:0:'), '^:', ''),
      '^([0-9a-f]+:[0-9a-f]+:[0-9a-f]+):', 1) || '::/48' end as network
from exchange_event;

create temporary view call_network as
select *,
  case when regexp(ip, '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$') then regexp_replace(ip, '\.[0-9]+$', '.0/24')
    when ip like '%:%' then regexp_extract(regexp_replace(regexp_replace(lower(ip), '::', ':0:0:0:'), '^:', ''),
      '^([0-9a-f]+:[0-9a-f]+:[0-9a-f]+):', 1) || '::/48' end as network,
  -- The first product of the user agent, without the id of a process and without versions.
  regexp_replace(regexp_replace(lower(regexp_extract(user_agent, '^[!#$%&''*+.^_`|~0-9A-Za-z-]+', 0)),
    '[-_.]?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}.*$', ''), '[-_.]?v?[0-9][0-9a-z.-]*$', '') as product
from call_event;

-- Name your zones in both views: networks as above, each with its name. Of the others the network itself is the zone.
create temporary view exchanges as
select event_id, `at`, env, outcome, reason, subject_id, subject_kind, client_ip,
  coalesce(map['192.0.2.0/24', 'vpn-example'][network], network) as zone, handle_id, binding, resource, occurrences
from exchange_network;

create temporary view uses as
select event_id, `at`, env, outcome, reason, handle_id, subject_id, resource, route,
  coalesce(map['192.0.2.0/24', 'vpn-example'][network], network) as zone,
  case when user_agent is null or user_agent = '' then cast(null as string)
    when regexp(lower(user_agent), '^(mozilla|opera)([^!#$%&''*+.^_`|~0-9a-z-]|$)') then 'browser'
    when product is null or product = '' then 'other' else substring(product from 1 for 64) end as agent,
  checksum_ok, bytes_out, occurrences
from call_network;

create temporary view rotations as
select distinct id as event_id,
  1000 * unix_timestamp(substring(`time` from 1 for 19), 'yyyy-MM-dd''T''HH:mm:ss')
    + cast(substring(`time` from 21 for 3) as bigint) as `at`, env, data.resource as resource, data.state as state,
  data.from_version as from_version, data.to_version as to_version
from rotation_events where data.`trigger` is not null;
