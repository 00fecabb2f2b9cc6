import { SystemClock } from '#kernel';
import { InMemoryOutbox, InMemoryOutboxLog } from './in-memory-outbox.js';
import { outboxContract } from './outbox.contract.js';

outboxContract(async () => {
  const log = new InMemoryOutboxLog(new SystemClock());
  return {
    relay: async () => new InMemoryOutbox(log),
    append: (events) => log.append(events),
    kill: async (relay) => (relay as InMemoryOutbox).die(),
    close: () => Promise.resolve(),
  };
});
