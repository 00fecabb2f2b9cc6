import { eventJournalContract } from './event-journal.contract.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';

eventJournalContract(async () => {
  const journal = new InMemoryEventJournal();
  return {
    journal,
    recorded: async (key) => journal.events.filter(({ partitionkey }) => partitionkey === key),
    close: async () => undefined,
  };
});
