import { EventFactory } from '#events';
import { DETECTION_AT } from './detection-builders.js';
import { dryRunRequestsContract } from './dry-run-requests.contract.js';
import { FixedClock } from './fixed-clock.js';
import { InMemoryDetectionStore } from './in-memory-detection-store.js';
import { InMemoryDryRunRequests } from './in-memory-dry-run-requests.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryResponseOrders } from './in-memory-response-orders.js';
import { InMemoryResponseRecords } from './in-memory-response-records.js';
import { type InMemoryDuties, InMemorySoleDuty } from './in-memory-sole-duty.js';
import { responseRecordsContract } from './response-records.contract.js';
import { soleDutyContract } from './sole-duty.contract.js';

const events = new EventFactory({
  clock: new FixedClock(DETECTION_AT),
  environment: 'prod',
  deployment: 'postern-prod',
  component: 'control',
});

describe('InMemorySoleDuty', () =>
  soleDutyContract(async () => {
    const duties: InMemoryDuties = new Map();
    return {
      process: async (name) => new InMemorySoleDuty(duties, name),
      kill: (duty) => duty.close(),
      until: async (what, condition) => {
        if (!(await condition())) throw new Error(`${what}: it does not`);
      },
      close: async () => undefined,
    };
  }));

describe('InMemoryDryRunRequests', () =>
  dryRunRequestsContract(async () => {
    const requests = new InMemoryDryRunRequests();
    return {
      asking: requests,
      taking: requests,
      tried: async (one) => void requests.tried.push(one),
    };
  }));

describe('InMemoryResponseRecords', () =>
  responseRecordsContract(async () => {
    const journal = new InMemoryEventJournal();
    const orders = new InMemoryResponseOrders(journal, events);
    return {
      store: new InMemoryDetectionStore(journal, orders),
      orders,
      records: new InMemoryResponseRecords(orders),
    };
  }));
