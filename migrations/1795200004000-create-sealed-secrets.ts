import { ForwardMigration } from './forward-migration.js';

/** The embedded secret store: ciphertext only, the sealing key never comes near the database. */
export class CreateSealedSecrets1795200004000 extends ForwardMigration {
  readonly name = 'CreateSealedSecrets1795200004000';

  protected readonly statements = [
    `create table public.sealed_secret (
      mount      text not null,
      path       text not null,
      version    integer not null check (version > 0),
      key_id     text not null,
      nonce      bytea not null,
      ciphertext bytea not null,
      created_at timestamptz not null default now(),
      primary key (mount, path, version)
    )`,
  ];
}
