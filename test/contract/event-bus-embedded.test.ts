import { EmbeddedEventBus } from '#adapters/embedded';
import { PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { type BusRecord } from '#events';
import { describeWithServer, testPostgres } from '#test-support';
import { eventBusContract, type EventBusUnderTest, eventBusVerdictContract } from '#testing';

describeWithServer('the embedded event bus', 'postgres-18', () => {
  const make = async (): Promise<EventBusUnderTest> => {
    const place = await testPostgres();
    const { database } = place!;
    const journal = new PostgresEventJournal(database);
    const outbox = new PostgresOutbox(database);
    await outbox.lease();
    const buses = [new EmbeddedEventBus(database)];
    return {
      bus: buses[0]!,
      another: async () => {
        const bus = new EmbeddedEventBus(database);
        buses.push(bus);
        return bus;
      },
      record: async (events): Promise<readonly BusRecord[]> => {
        await journal.append(events);
        const batch = await outbox.next(events.length);
        await batch?.markPublished();
        return batch?.records ?? [];
      },
      close: async () => {
        await Promise.all(buses.map((bus) => bus.close()));
        await outbox.close();
        await place!.drop();
      },
    };
  };
  eventBusContract(make);
  eventBusVerdictContract(make);
});
