import { EmbeddedEventBus } from '#adapters/embedded';
import { PostgresOutbox } from '#adapters/postgres';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { EventListener } from '#testing';

// Both announce themselves by advisory locks. A reader that counts as a relay gets a share of the shards that it never
// publishes: in a standalone, which has readers of its own, most events waited for ever.
describeWithServer('the relay beside readers of the embedded bus', 'postgres-18', () => {
  let place: TestDatabase;
  let bus: EmbeddedEventBus;
  let outbox: PostgresOutbox;

  beforeEach(async () => {
    place = (await testPostgres())!;
    bus = new EmbeddedEventBus(place.database);
    outbox = new PostgresOutbox(place.database);
  }, 180_000);
  afterEach(async () => {
    await bus.close();
    await outbox.close();
    await place.drop();
  }, 60_000);

  it('has all shards, and keeps them', async () => {
    const held = (): Promise<object[]> =>
      place.database.query('select shard from relay_lease where holder is not null');
    for (const group of ['one', 'two']) await new EventListener(group).listen(bus);
    await outbox.lease();
    expect(await held()).toHaveLength(16);
    await outbox.lease();
    expect(await held()).toHaveLength(16);
  });
});
