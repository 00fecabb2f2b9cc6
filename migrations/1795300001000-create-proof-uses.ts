import { ForwardMigration } from './forward-migration.js';

/** DPoP proofs that were used, and the keys that all processes share, such as that of DPoP nonces. */
export class CreateProofUses1795300001000 extends ForwardMigration {
  readonly name = 'CreateProofUses1795300001000';

  protected readonly statements = [
    `create table public.proof_use (
      key        bytea primary key check (octet_length(key) = 32),
      expires_at timestamptz not null
    )`,
    `create index proof_use_expiry on public.proof_use (expires_at)`,
    `create table public.shared_key (
      purpose    text collate "C" primary key check (purpose <> ''),
      key        bytea not null check (octet_length(key) = 32),
      created_at timestamptz not null default now()
    )`,
    // Whoever checks proofs remembers them. No one can make a use last shorter, or change a key.
    `grant select, insert, delete on public.proof_use to postern_sts, postern_proxy, postern_control`,
    `grant select, insert on public.shared_key to postern_sts, postern_proxy, postern_control`,
  ];
}
