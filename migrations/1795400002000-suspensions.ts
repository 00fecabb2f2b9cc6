import { ForwardMigration } from './forward-migration.js';

/**
 * Suspensions that stand, which targets lie on the topic of revocations, and which signed orders were carried out. A
 * target is what `targetOf` in libs/handles makes of a selector; it is at most 530 bytes long.
 */
export class Suspensions1795400002000 extends ForwardMigration {
  readonly name = 'Suspensions1795400002000';

  protected readonly statements = [
    `create table public.suspension (
      target       text collate "C" not null check (octet_length(target) <= 600),
      bound        text collate "C" not null,
      issuers      text[] not null,
      scope        text not null
        check (scope in ('handle', 'family', 'subject', 'issuer', 'grant', 'key', 'resource', 'task')),
      id           text not null,
      issuer       text,
      subject_id   text,
      reason       text not null,
      initiator    text not null check (initiator in ('admin', 'policy', 'system', 'subject', 'command')),
      initiator_id text,
      since        timestamptz not null,
      expires_at   timestamptz,
      primary key (target, bound),
      check ((bound = '') = (issuers = '{}')),
      check ((scope = 'key') = (issuer is not null)),
      check ((scope = 'task') = (subject_id is not null))
    )`,
    `comment on column public.suspension.bound is 'digest of issuers: the subjects of which it is for; empty: all'`,
    `create index suspension_expiry on public.suspension (expires_at) where expires_at is not null`,
    `create table public.revocation_state (
      target text collate "C" primary key check (octet_length(target) <= 600),
      until  timestamptz not null
    )`,
    `create index revocation_state_until on public.revocation_state (until)`,
    `create table public.order_receipt (
      key        bytea primary key check (octet_length(key) = 32),
      mark       text not null check (octet_length(mark) <= 1024),
      expires_at timestamptz not null
    )`,
    `create index order_receipt_expiry on public.order_receipt (expires_at)`,
    STANDING_SUSPENSIONS,
    `revoke all on function public.standing_suspensions(text[]) from public`,

    // Whoever issues must see what stands, and cannot lift it.
    `grant select on public.suspension to postern_sts`,
    `grant execute on function public.standing_suspensions(text[]) to postern_sts`,
    `grant select, insert on public.revocation_state to postern_sts`,
    `grant update (until) on public.revocation_state to postern_sts`,

    // Suspends, resumes, carries out orders. A receipt cannot be changed; that it is forgotten late is for control alone.
    `grant select, insert, delete on public.suspension to postern_control`,
    `grant select, insert, delete on public.revocation_state to postern_control`,
    `grant update (until) on public.revocation_state to postern_control`,
    `grant select, insert, delete on public.order_receipt to postern_control`,
  ];
}

/**
 * The suspensions of these targets, for a handle that is about to be issued. The lock is shared with other issues, and
 * whoever suspends or revokes takes it alone: so these come either before, and their rows are seen, or after, and
 * find the handle. A volatile function has a new snapshot for each of its statements: the look comes after the lock.
 */
const STANDING_SUSPENSIONS = `
  create function public.standing_suspensions(targets text[])
  returns table (target text, issuers text[])
  language plpgsql volatile
  set search_path = pg_catalog, public, pg_temp
  as $$
  begin
    perform pg_advisory_xact_lock_shared(1886352244, 500);
    return query select standing.target, standing.issuers from public.suspension as standing
      where standing.target = any(targets);
  end
  $$`;
