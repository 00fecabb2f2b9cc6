import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryReviewNotices } from './in-memory-review-notices.js';
import { reviewNoticesContract } from './review-notices.contract.js';

reviewNoticesContract(async () => {
  const journal = new InMemoryEventJournal();
  const notices = new InMemoryReviewNotices(journal);
  return {
    notices,
    twin: notices,
    recorded: async (key) => journal.events.filter(({ partitionkey }) => partitionkey === key),
    close: async () => undefined,
  };
});
