import { canaryStoreContract } from './canary-store.contract.js';
import { InMemoryCanaryStore } from './in-memory-canary-store.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';

canaryStoreContract(async () => {
  const journal = new InMemoryEventJournal();
  const canaries = new InMemoryCanaryStore(journal);
  return {
    canaries,
    twin: canaries,
    recorded: async (key) => journal.events.filter(({ partitionkey }) => partitionkey === key),
    close: async () => undefined,
  };
});
