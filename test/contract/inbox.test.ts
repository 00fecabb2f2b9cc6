import { randomUUID } from 'node:crypto';
import { EmbeddedEventBus } from '#adapters/embedded';
import { PostgresEventJournal, PostgresInbox, PostgresOutbox } from '#adapters/postgres';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent, EventListener } from '#testing';

describeWithServer('the inbox of a consumer', 'postgres-18', () => {
  let place: TestDatabase;
  let inbox: PostgresInbox;

  beforeAll(async () => {
    place = (await testPostgres())!;
    inbox = new PostgresInbox(place.database);
    await place.database.query('create table effect (event_id uuid not null)');
  }, 180_000);
  afterAll(() => place.drop());

  const once = (id: string, after: () => Promise<void> = async () => undefined) =>
    inbox.once('contract', id, async (connection) => {
      await connection.query('insert into effect (event_id) values ($1)', [id]);
      await after();
    });
  const effectsOf = async (ids: readonly string[]): Promise<number> =>
    (await place.database.query('select 1 from effect where event_id = any($1)', [ids])).length;
  const inboxRows = async (id: string): Promise<number> =>
    (await place.database.query('select 1 from inbox where event_id = $1', [id])).length;

  it('has the effect of an event once, however often the event comes', async () => {
    const id = randomUUID();
    expect(await once(id)).toBe('done');
    expect(await once(id)).toBe('known');
    expect(await effectsOf([id])).toBe(1);
  });

  it('lets each consumer have it', async () => {
    const id = randomUUID();
    await once(id);
    expect(await inbox.once('another', id, async () => undefined)).toBe('done');
  });

  it('has it once when two members have the event at once', async () => {
    const id = randomUUID();
    const results = await Promise.all(Array.from({ length: 8 }, () => once(id)));
    expect(results.filter((result) => result === 'done')).toHaveLength(1);
    expect(await effectsOf([id])).toBe(1);
  });

  it('leaves nothing of an effect that fails, and runs it again the next time', async () => {
    const id = randomUUID();
    const failing = once(id, () => Promise.reject(new Error('half way')));
    await expect(failing).rejects.toThrow('half way');
    expect(await effectsOf([id])).toBe(0);
    expect(await inboxRows(id)).toBe(0);
    expect(await once(id)).toBe('done');
  });

  it('leaves the effects of a whole topic as they are when it is read twice more', async () => {
    const bus = new EmbeddedEventBus(place.database);
    const outbox = new PostgresOutbox(place.database);
    await outbox.lease();
    const keys = Array.from({ length: 60 }, (_, at) => `hdl_${at % 7}`);
    await new PostgresEventJournal(place.database).append(keys.map((key) => anOutboxEvent(key)));
    const batch = await outbox.next(100);
    await bus.publish(batch!.records);
    await batch!.markPublished();
    const ids = batch!.records.map(({ event }) => event.id);
    for (let reading = 0; reading < 3; reading += 1) {
      const listener = new EventListener('hdl_', async ({ event }) => {
        await once(event.id);
      });
      await listener.listen(bus, { group: `replay-${reading}` });
      await listener.has(60);
      await listener.stop();
    }
    expect(await effectsOf(ids)).toBe(60);
    await bus.close();
    await outbox.close();
  });

  it('forgets what is older than 14 days, and nothing else', async () => {
    const [old, young] = [randomUUID(), randomUUID()];
    await place.database.query(
      `insert into inbox (consumer, event_id, processed_at)
       values ('contract', $1, now() - interval '15 days'), ('contract', $2, now() - interval '13 days')`,
      [old, young],
    );
    await inbox.purge();
    expect(await inboxRows(old)).toBe(0);
    expect(await inboxRows(young)).toBe(1);
  });
});
