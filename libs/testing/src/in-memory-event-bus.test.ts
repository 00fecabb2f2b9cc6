import {
  eventBusContract,
  type EventBusUnderTest,
  eventBusVerdictContract,
  FixedClock,
  InMemoryEventBus,
  InMemoryOutbox,
  InMemoryOutboxLog,
  InMemoryTopics,
} from '#testing';

const make = async (): Promise<EventBusUnderTest> => {
  const topics = new InMemoryTopics();
  const log = new InMemoryOutboxLog(new FixedClock());
  const outbox = new InMemoryOutbox(log);
  await outbox.lease();
  const bus = new InMemoryEventBus(topics);
  return {
    bus,
    another: async () => new InMemoryEventBus(topics),
    record: async (events) => {
      await log.append(events);
      const batch = await outbox.next(events.length);
      await batch?.markPublished();
      return batch?.records ?? [];
    },
    close: () => bus.close(),
  };
};

describe('the in-memory event bus', () => {
  eventBusContract(make);
  eventBusVerdictContract(make);
});
