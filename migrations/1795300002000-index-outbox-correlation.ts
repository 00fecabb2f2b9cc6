import { ForwardMigration } from './forward-migration.js';

/** Operators ask why a request was answered as it was: events are found by correlation id, and control may read them. */
export class IndexOutboxCorrelation1795300002000 extends ForwardMigration {
  readonly name = 'IndexOutboxCorrelation1795300002000';

  protected readonly statements = [
    `create index outbox_correlation on public.outbox ((payload ->> 'correlationid'))`,
    `grant select on public.outbox to postern_control`,
  ];
}
