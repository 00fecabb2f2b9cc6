import { EventFactory } from '#events';
import { DETECTION_AT } from './detection-builders.js';
import { detectionStoreContract } from './detection-store.contract.js';
import { type DetectionStoreUnderTest } from './detection-store-under-test.js';
import { FixedClock } from './fixed-clock.js';
import { InMemoryDetectionStore } from './in-memory-detection-store.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryResponseOrders } from './in-memory-response-orders.js';
import { responseOrdersContract } from './response-orders.contract.js';

const events = new EventFactory({
  clock: new FixedClock(DETECTION_AT),
  environment: 'prod',
  deployment: 'postern-prod',
  component: 'control',
});

async function make(): Promise<DetectionStoreUnderTest> {
  const journal = new InMemoryEventJournal();
  const orders = new InMemoryResponseOrders(journal, events);
  const store = new InMemoryDetectionStore(journal, orders);
  return {
    store,
    twin: store,
    orders,
    told: async (detectionId) =>
      journal.events.filter(
        ({ data }) => 'detection_id' in data && data.detection_id === detectionId,
      ),
    close: async () => undefined,
  };
}

describe('InMemoryDetectionStore', () => detectionStoreContract(make));
describe('InMemoryResponseOrders', () => responseOrdersContract(make));
