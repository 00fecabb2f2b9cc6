import { randomUUID } from 'node:crypto';
import { EmbeddedEventBus } from '#adapters/embedded';
import { PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { type BusRecord } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent, EventListener, until } from '#testing';

describeWithServer('the embedded event bus in trouble', 'postgres-18', () => {
  let place: TestDatabase;
  let bus: EmbeddedEventBus;
  let outbox: PostgresOutbox;

  beforeEach(async () => {
    place = (await testPostgres())!;
    bus = new EmbeddedEventBus(place.database);
    outbox = new PostgresOutbox(place.database);
    await outbox.lease();
  }, 180_000);
  afterEach(async () => {
    await bus.close();
    await outbox.close();
    await place.drop();
  }, 60_000);

  const records = async (count: number): Promise<readonly BusRecord[]> => {
    const keys = Array.from({ length: count }, (_, at) => `hdl_${at % 20}`);
    await new PostgresEventJournal(place.database).append(keys.map((key) => anOutboxEvent(key)));
    const batch = await outbox.next(count);
    await batch!.markPublished();
    return batch!.records;
  };
  const idsOf = (some: readonly BusRecord[]): string[] => some.map(({ event }) => event.id).sort();

  it('passes over no record when many publish at once while it reads', async () => {
    const all = await records(600);
    const heard = await new EventListener('hdl_').listen(bus);
    // Each publisher has keys of its own, as relays have shards.
    const publishers = Array.from({ length: 6 }, async (_, publisher) => {
      const own = all.filter(({ key }) => Number(key.slice(4)) % 6 === publisher);
      const client = new EmbeddedEventBus(place.database);
      for (const record of own) await client.publish([record]);
    });
    await Promise.all(publishers);
    await heard.has(600);
    expect([...heard.ids].sort()).toEqual(idsOf(all));
  });

  it('gives a record one position, however often it is published, also by two at once', async () => {
    const all = await records(50);
    await Promise.all([bus.publish(all), new EmbeddedEventBus(place.database).publish(all)]);
    await bus.publish(all);
    const positions = await place.database.query<{ position: string | null }>(
      'select position from outbox order by seq',
    );
    const numbers = positions.map(({ position }) => Number(position));
    expect(new Set(numbers).size).toBe(50);
    expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
  });

  it('goes on after its session was cut, and loses nothing', async () => {
    const heard = await new EventListener('hdl_').listen(bus);
    await bus.publish(await records(5));
    await heard.has(5);
    await place.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
    await outbox.lease();
    const after = await records(5);
    await bus.publish(after);
    await until(() => after.every(({ event }) => heard.ids.includes(event.id)), 'the rest');
    expect(heard.failures).toEqual([]);
  });

  it('reads on when the rows that it had read are gone', async () => {
    const group = `contract-${randomUUID()}`;
    const first = await new EventListener('hdl_').listen(bus, { group });
    await bus.publish(await records(10));
    await first.has(10);
    await first.stop();
    await place.database.query('delete from outbox');
    const after = await records(3);
    await bus.publish(after);
    const second = await new EventListener('hdl_').listen(bus, { group });
    await second.has(3);
    expect([...second.ids].sort()).toEqual(idsOf(after));
  });

  it('refuses a record that is not in its outbox, and with it the whole batch', async () => {
    const [known] = await records(1);
    const stranger = { ...known!, event: { ...known!.event, id: randomUUID() } };
    await expect(bus.publish([known!, stranger])).rejects.toThrow('events of its own outbox only');
    const heard = await new EventListener('hdl_').listen(bus);
    const next = await records(1);
    await bus.publish(next);
    await heard.has(1);
    expect(heard.ids).toEqual(idsOf(next));
  });

  it('leaves nothing behind for a group whose offsets are forgotten', async () => {
    const watching = await new EventListener('hdl_').listen(bus, { offsets: 'forgotten' });
    await bus.publish(await records(2));
    await watching.has(2);
    await watching.stop();
    expect(await place.database.query('select * from embedded_bus_offset')).toEqual([]);
  });
});
