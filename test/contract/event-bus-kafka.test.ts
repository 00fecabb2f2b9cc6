import { randomUUID } from 'node:crypto';
import { KafkaEventBus } from '#adapters/kafka';
import { describeWithServer } from '#test-support';
import {
  eventBusContract,
  type EventBusUnderTest,
  eventBusVerdictContract,
  FixedClock,
  InMemoryOutbox,
  InMemoryOutboxLog,
} from '#testing';

describeWithServer('the Kafka event bus', 'kafka', (brokers) => {
  const make = async (): Promise<EventBusUnderTest> => {
    const connect = (): KafkaEventBus =>
      new KafkaEventBus({
        brokers: brokers.split(','),
        clientId: `contract-${randomUUID()}`,
        onProblem: () => undefined,
      });
    const log = new InMemoryOutboxLog(new FixedClock());
    const outbox = new InMemoryOutbox(log);
    await outbox.lease();
    const buses = [connect()];
    return {
      bus: buses[0]!,
      another: async () => {
        const bus = connect();
        buses.push(bus);
        return bus;
      },
      record: async (events) => {
        await log.append(events);
        const batch = await outbox.next(events.length);
        await batch?.markPublished();
        return batch?.records ?? [];
      },
      close: async () => {
        await Promise.all(buses.map((bus) => bus.close()));
      },
    };
  };
  eventBusContract(make);
  eventBusVerdictContract(make);
});
