import { type BusRecord } from '#events';
import { DependencyUnavailable, SystemClock } from '#kernel';
import { Metrics } from '#platform';
import { anOutboxEvent, InMemoryEventBus, InMemoryOutbox, InMemoryOutboxLog } from '#testing';
import { CountedEventBus } from './counted-event-bus.js';

async function records(count: number): Promise<readonly BusRecord[]> {
  const log = new InMemoryOutboxLog(new SystemClock());
  await log.append(Array.from({ length: count }, () => anOutboxEvent('hdl_counted')));
  const outbox = new InMemoryOutbox(log);
  await outbox.lease();
  return (await outbox.next(count))?.records ?? [];
}

describe('the counted event bus', () => {
  it('counts what became durable by its type, and nothing of a batch that failed', async () => {
    const [bus, metrics] = [new InMemoryEventBus(), new Metrics()];
    const counted = new CountedEventBus(bus, metrics);
    const batch = await records(3);
    await counted.publish(batch);
    bus.failWith(new DependencyUnavailable('kafka', 'down'));
    await expect(counted.publish(batch)).rejects.toThrow('down');
    expect(await metrics.text()).toContain(
      `postern_events_published_total{type="${batch[0]!.event.type}"} 3`,
    );
    expect(bus.published).toHaveLength(3);
  });
});
