import { EventJournal, type PosternEvent } from '#events';
import { GroupCommit } from './group-commit.js';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';

const LIMITS = { batchItemsMax: 256, waitingItemsMax: 10_000, lanes: 1 };

/** Writes events to the outbox; many appends at once share a transaction. */
export class PostgresEventJournal extends EventJournal {
  private readonly commits: GroupCommit<readonly PosternEvent[], undefined>;

  constructor(private readonly database: PostgresDatabase) {
    super();
    this.commits = new GroupCommit((appends) => this.commit(appends), LIMITS);
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async append(events: readonly PosternEvent[]): Promise<void> {
    if (events.length > 0) await this.commits.submit(events);
  }

  private async commit(appends: readonly (readonly PosternEvent[])[]): Promise<undefined[]> {
    try {
      await this.database.query(
        'select public.append_events($1::jsonb)',
        [eventsParameter(appends.flat())],
        { name: 'append-events' },
      );
    } catch (error) {
      throw eventFailure(error);
    }
    return appends.map(() => undefined);
  }
}
