import { ForwardMigration } from './forward-migration.js';

/** Whether the first call with a handle was told of, and what shows that it came from where the handle went. */
export class TellFirstUses1795600009000 extends ForwardMigration {
  readonly name = 'TellFirstUses1795600009000';

  protected readonly statements = [
    // Not the address: its digest together with the handle, which is stored nowhere. Neither column is indexed: a call
    // that sets the mark stays on its page.
    `alter table public.handle
      add column address_mark bytea check (octet_length(address_mark) = 32),
      add column first_use_told boolean not null default false`,
    // What was used under an older version was used unsaid: old news is no news. What has expired makes no call any more.
    `update public.handle set first_use_told = true where calls_used > 0 and expires_at > now()`,
    `grant update (first_use_told) on public.handle to postern_proxy`,
  ];
}
