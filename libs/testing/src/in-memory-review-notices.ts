import { type PosternEvent } from '#events';
import { type ReviewNotice, ReviewNotices } from '#oauth';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

/** Notices in memory; the journal they are recorded with is what can be away. */
export class InMemoryReviewNotices extends ReviewNotices {
  readonly #told = new Set<string>();

  constructor(private readonly journal: InMemoryEventJournal) {
    super();
  }

  override async tell(notice: ReviewNotice, event: PosternEvent): Promise<'told' | 'known'> {
    const { kind, id, reviewBy, daysLeft } = notice;
    const mark = JSON.stringify([kind, id, reviewBy, daysLeft]);
    if (this.#told.has(mark)) return 'known';
    this.journal.record([event]);
    this.#told.add(mark);
    return 'told';
  }
}
