import { ForwardMigration } from './forward-migration.js';

/** Handles, by digest, and how often each subject token was exchanged. */
export class CreateHandles1795200001000 extends ForwardMigration {
  readonly name = 'CreateHandles1795200001000';

  protected readonly statements = [
    // A call changes calls_used and nothing that is indexed: the free space keeps that update on its page.
    `create table public.handle (
      id                   text collate "C" primary key,
      digest               bytea not null unique check (octet_length(digest) = 32),
      family_id            text not null,
      subject_issuer       text not null,
      subject              text not null,
      subject_id           text not null,
      subject_token_key_id text,
      grant_id             text not null,
      grant_version        integer not null,
      grant_set_digest     text not null,
      pattern              text not null check (pattern in ('downscoping', 'federation', 'delegation')),
      resource             text not null,
      environment          text not null,
      scopes               text[] not null,
      binding_kind         text not null check (binding_kind in ('none', 'dpop', 'mtls')),
      binding_value        text,
      issued_at            timestamptz not null,
      expires_at           timestamptz not null,
      max_calls            integer not null check (max_calls >= 0),
      calls_used           integer not null default 0,
      status               text not null check (status in ('active', 'suspended', 'revoked')),
      correlation_id       text not null,
      revoked_at           timestamptz,
      check (calls_used between 0 and max_calls),
      check ((binding_kind = 'none') = (binding_value is null)),
      check ((status = 'revoked') = (revoked_at is not null))
    ) with (fillfactor = 80)`,
    `create index handle_family on public.handle (family_id)`,
    `create index handle_subject on public.handle (subject_id)`,
    // Issuer, grant and resource name many handles: only those that can still be revoked are worth an index.
    `create index handle_issuer on public.handle (subject_issuer, expires_at) where status <> 'revoked'`,
    `create index handle_grant on public.handle (grant_id, expires_at) where status <> 'revoked'`,
    `create index handle_resource on public.handle (resource, id)`,
    `create table public.subject_token_use (
      key               bytea primary key check (octet_length(key) = 32),
      uses              integer not null check (uses > 0),
      uses_max          integer check (uses_max > 0),
      environment       text not null,
      first_exchange_id text not null,
      family_id         text not null,
      expires_at        timestamptz not null
    ) with (fillfactor = 90)`,
    `create index subject_token_use_expiry on public.subject_token_use (expires_at)`,
  ];
}
