import { ForwardMigration } from './forward-migration.js';

/**
 * Which notice of a coming review was told already, by whichever process. Three rows at most for each date that a review
 * ever had: they are kept.
 */
export class CreateReviewNotices1795300003000 extends ForwardMigration {
  readonly name = 'CreateReviewNotices1795300003000';

  protected readonly statements = [
    `create table public.review_notice (
      kind      text collate "C" not null check (kind in ('issuer', 'grant')),
      id        text collate "C" not null,
      review_by timestamptz not null,
      days_left smallint not null check (days_left in (30, 7, 0)),
      told_at   timestamptz not null default now(),
      primary key (kind, id, review_by, days_left)
    )`,
    `grant select, insert on public.review_notice to postern_control`,
  ];
}
