-- Login users for the apps, each with the rights of its own process and no others (docs/architecture.md).
-- Run as an administrator, connected to Postern's database, before or after the first migration; again does no harm.
-- Needs psql; give the passwords as variables, not on the command line where others see them:
--
--   \set sts_password `cat /run/secrets/postern-sts`
--   \set proxy_password `cat /run/secrets/postern-proxy`
--   \set control_password `cat /run/secrets/postern-control`
--   \set relay_password `cat /run/secrets/postern-relay`
--   \set rotator_password `cat /run/secrets/postern-rotator`
--   \set sentinel_password `cat /run/secrets/postern-sentinel`
--   \i deploy/postgres/roles.sql
--
-- The migrations are run by the owner of the database. When that user may not create roles, run this file first.
\set ON_ERROR_STOP on
begin;
set local password_encryption = 'scram-sha-256';

-- Group roles: the migrations grant the rights to them. They cannot log in.
select format('create role %I nologin', role)
from unnest(array['postern_sts', 'postern_proxy', 'postern_control', 'postern_relay', 'postern_rotator',
  'postern_sentinel']) as role
where role not in (select rolname from pg_roles) \gexec

-- Login users: one an app. A user is in exactly one group.
select format('create role %I login nosuperuser nocreatedb nocreaterole connection limit 200', login)
from unnest(array['postern_sts_login', 'postern_proxy_login', 'postern_control_login', 'postern_relay_login',
  'postern_rotator_login', 'postern_sentinel_login']) as login
where login not in (select rolname from pg_roles) \gexec

alter role postern_sts_login password :'sts_password';
alter role postern_proxy_login password :'proxy_password';
alter role postern_control_login password :'control_password';
alter role postern_relay_login password :'relay_password';
alter role postern_rotator_login password :'rotator_password';
alter role postern_sentinel_login password :'sentinel_password';

grant postern_sts to postern_sts_login;
grant postern_proxy to postern_proxy_login;
grant postern_control to postern_control_login;
grant postern_relay to postern_relay_login;
grant postern_rotator to postern_rotator_login;
grant postern_sentinel to postern_sentinel_login;

-- Nobody else has business here.
select format('revoke connect, temporary on database %I from public', current_database()) \gexec
select format('grant connect on database %I to postern_sts, postern_proxy, postern_control, postern_relay,
  postern_rotator, postern_sentinel', current_database()) \gexec
revoke create on schema public from public;
commit;
