import { aDenialEvent } from './handle-builders.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryRestrictedExchanges, InMemoryRestrictionStore } from './in-memory-restrictions.js';
import { aRestriction, restrictionsContract } from './restrictions.contract.js';

restrictionsContract(async () => {
  const journal = new InMemoryEventJournal();
  const restrictions = new InMemoryRestrictionStore(journal);
  const exchanges = new InMemoryRestrictedExchanges(restrictions);
  return {
    ...{ restrictions, exchanges, twin: exchanges },
    fill: async (count, until) => {
      for (let n = 0; n < count; n += 1) {
        await restrictions.impose(aRestriction(undefined, { until }), aDenialEvent());
      }
    },
    recorded: async (key) => journal.events.filter(({ partitionkey }) => partitionkey === key),
    close: async () => undefined,
  };
});
