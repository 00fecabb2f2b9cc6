import { ForwardMigration } from './forward-migration.js';

const STATES = `'requested', 'intake', 'staged', 'quiescing', 'applying', 'applied', 'verifying', 'verified', 'resumed',
  'promoting', 'promoted', 'draining', 'retiring', 'done', 'wrap_suspect', 'wrap_lost', 'recovering', 'out_of_sync',
  'reconciling', 'abandoned', 'manual_required', 'rolling_back', 'rolled_back'`;
const ENDED = `'done', 'wrap_suspect', 'wrap_lost', 'abandoned', 'rolled_back'`;

/** What a rotation is stays; this is how far it has come, and who has it. */
const PROGRESS = `state, previous_state, state_since, from_version, to_version, attempt, values_made, waits, due_at, deadline_at, probe,
  error_class, reason, wrap_sealed, wrap_fingerprint, wrap_created_at, wrap_ttl_seconds, unwrap_started_at,
  approvals_needed, approved_by, ended_at, lease_owner, lease_until, fence`;

/**
 * Credentials that Postern rotates, their rotations, and what rotations leave behind. No value of a credential is in
 * here: a wrapping token only as it was sealed to the rotators' key.
 */
export class CreateRotations1795500001000 extends ForwardMigration {
  readonly name = 'CreateRotations1795500001000';

  protected readonly statements = [
    `create table public.credential (
      mount            text collate "C" not null check (length(mount) between 1 and 512),
      path             text collate "C" not null check (length(path) between 1 and 512),
      resource         text not null check (length(resource) between 1 and 512),
      current_version  integer not null check (current_version > 0),
      fallback_version integer check (fallback_version > 0),
      retired_version  integer not null default 0 check (retired_version >= 0),
      epoch            integer not null default 1 check (epoch > 0),
      serial           integer not null default 1 check (serial > 0),
      gate             text not null default 'open' check (gate in ('open', 'quiescing', 'held')),
      state            text not null default 'active'
        check (state in ('active', 'rotating', 'breaker_open', 'out_of_sync')),
      try_due_at       timestamptz,
      tries            integer not null default 0 check (tries >= 0),
      ask_after        timestamptz not null default '-infinity',
      cleared_until    timestamptz not null default '-infinity',
      primary key (mount, path)
    ) with (fillfactor = 50)`,
    `comment on column public.credential.try_due_at is 'when it is to be tried whether it works; null: nothing asks for it'`,
    `comment on column public.credential.ask_after is 'refusals ask for no try before'`,
    `comment on column public.credential.cleared_until is 'until then refusals open no breaker'`,

    `create table public.rotation (
      id                text collate "C" primary key check (length(id) <= 64),
      seq               bigint generated always as identity unique,
      mount             text collate "C" not null check (length(mount) between 1 and 512),
      path              text collate "C" not null check (length(path) between 1 and 512),
      resource          text not null check (length(resource) between 1 and 512),
      kind              text not null check (kind in ('single_slot', 'dual_slot', 'external')),
      origin            text not null check (origin in ('wrapped', 'generated', 'vault')),
      trigger           text not null check (trigger in ('schedule', 'admin', 'compromise', 'detection', 'vault_change')),
      state             text not null check (state in (${STATES})),
      previous_state    text check (previous_state in (${STATES})),
      state_since       timestamptz not null,
      token             uuid not null unique,
      occurrence        text collate "C" check (length(occurrence) <= 512),
      from_version      integer check (from_version > 0),
      to_version        integer check (to_version > 0),
      attempt           integer not null check (attempt > 0),
      values_made       integer not null check (values_made > 0),
      waits             integer not null check (waits >= 0),
      due_at            timestamptz not null,
      deadline_at       timestamptz not null,
      probe             jsonb check (octet_length(probe::text) <= 256),
      error_class       text check (length(error_class) <= 100),
      initiator_id      text check (length(initiator_id) <= 512),
      reason            text check (length(reason) <= 2000),
      wrap_sealed       text check (length(wrap_sealed) <= 8192),
      wrap_fingerprint  text check (length(wrap_fingerprint) <= 128),
      wrap_created_at   timestamptz,
      wrap_ttl_seconds  integer,
      unwrap_started_at timestamptz,
      approvals_needed  integer not null check (approvals_needed between 0 and 10),
      approved_by       text[] not null check (cardinality(approved_by) <= 10),
      correlation_id    text not null check (length(correlation_id) <= 512),
      requested_at      timestamptz not null,
      ended_at          timestamptz,
      lease_owner       text check (length(lease_owner) <= 512),
      lease_until       timestamptz,
      fence             integer not null default 0,
      check ((wrap_created_at is null) = (wrap_ttl_seconds is null)),
      check (wrap_sealed is null or wrap_fingerprint is not null),
      check (wrap_sealed is null or state not in (${ENDED}))
    ) with (fillfactor = 50)`,
    // One at a time, and each time of a schedule or version of the store once.
    `create unique index rotation_active on public.rotation (mount, path) where state not in (${ENDED})`,
    `create unique index rotation_occurrence on public.rotation (mount, path, occurrence) where occurrence is not null`,
    `create index rotation_due on public.rotation (due_at) where state not in (${ENDED}, 'manual_required')`,

    `create table public.version_to_destroy (
      mount   text collate "C" not null,
      path    text collate "C" not null,
      version integer not null check (version > 0),
      due_at  timestamptz not null,
      primary key (mount, path, version)
    )`,
    `create index version_to_destroy_due on public.version_to_destroy (due_at)`,
    `create table public.wrap_receipt (
      fingerprint text collate "C" primary key check (length(fingerprint) between 1 and 128),
      rotation_id text not null,
      seen_at     timestamptz not null default clock_timestamp()
    )`,
    `create table public.rotation_intake_key (
      kid        text collate "C" primary key check (length(kid) between 1 and 128),
      jwk        jsonb not null check (jsonb_typeof(jwk) = 'object' and not jwk ? 'd' and octet_length(jwk::text) <= 4096),
      created_at timestamptz not null default clock_timestamp()
    )`,

    // Takes rotations from their request to their end, and forgets them.
    `grant select, insert, delete on public.rotation to postern_rotator`,
    `grant update (${PROGRESS}) on public.rotation to postern_rotator`,
    `grant select, insert on public.credential to postern_rotator`,
    `grant update (current_version, fallback_version, retired_version, epoch, serial, gate, state, try_due_at, tries,
      ask_after, cleared_until) on public.credential to postern_rotator`,
    `grant select, insert, delete on public.version_to_destroy to postern_rotator`,
    `grant update (due_at) on public.version_to_destroy to postern_rotator`,
    `grant select, insert, delete on public.wrap_receipt to postern_rotator`,
    `grant select, insert on public.rotation_intake_key to postern_rotator`,
    `grant update (created_at) on public.rotation_intake_key to postern_rotator`,

    // Asks for rotations and decides on them. With one that is given up calls go on; which version they use is for others.
    `grant select, insert on public.rotation to postern_control`,
    `grant update (${PROGRESS}) on public.rotation to postern_control`,
    `grant select on public.credential to postern_control`,
    `grant update (serial, gate, state, try_due_at, tries) on public.credential to postern_control`,
    `grant select on public.rotation_intake_key to postern_control`,

    // Learns which versions count.
    `grant select on public.credential to postern_proxy`,
  ];
}
