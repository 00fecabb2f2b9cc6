import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedDeadLetters, EmbeddedEventBus } from '#adapters/embedded';
import { PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { type BusRecord, Consumption } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent, EventListener, FixedClock, until } from '#testing';

const GROUP = 'postern-canary-watch';

describeWithServer('a replay on the embedded bus', 'postgres-18', () => {
  let place: TestDatabase;
  let bus: EmbeddedEventBus;
  let outbox: PostgresOutbox;
  let letters: EmbeddedDeadLetters;
  const listeners: EventListener[] = [];

  beforeEach(async () => {
    place = (await testPostgres())!;
    bus = new EmbeddedEventBus(place.database);
    outbox = new PostgresOutbox(place.database);
    letters = new EmbeddedDeadLetters(place.database);
    await outbox.lease();
  }, 180_000);
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
    await bus.close();
    await outbox.close();
    await place.drop();
  }, 60_000);

  const publish = async (keys: readonly string[]): Promise<readonly BusRecord[]> => {
    await new PostgresEventJournal(place.database).append(keys.map((key) => anOutboxEvent(key)));
    const batch = await outbox.next(keys.length);
    await bus.publish(batch!.records);
    await batch!.markPublished();
    return batch!.records;
  };
  const listen = async (isPoison: (record: BusRecord) => boolean): Promise<EventListener> => {
    const listener = new EventListener('hdl_', async (record) => {
      if (isPoison(record)) throw new RangeError('no');
    });
    listeners.push(listener);
    const { onRejected, handle } = new Consumption({
      kind: 'evidence',
      deadLetters: letters,
      group: GROUP,
      clock: new FixedClock(),
      pause: async () => undefined,
      jitter: () => 0,
    }).of((record, at) => listener.take(record, at));
    return listener.listen(bus, { group: GROUP, onRejected, handle });
  };

  it('gives the group what it asks for, also when the outbox has dropped it, and forgets it then', async () => {
    let broken = true;
    const group = await listen(({ key }) => broken && key === 'hdl_poison');
    const other = await new EventListener('hdl_').listen(bus);
    listeners.push(other);
    const records = await publish(['hdl_a', 'hdl_poison', 'hdl_b']);
    await group.has(2);
    await other.has(3);
    await until(() => group.progress.caughtUp, 'the end');
    const buried = await letters.list(GROUP);
    expect(buried.map(({ errorClass, attempts }) => [errorClass, attempts])).toEqual([
      ['RangeError', 5],
    ]);
    await place.database.query('delete from outbox');
    broken = false;
    const places = buried.map((letter) => letter.place);
    await letters.requestReplay(GROUP, places);
    await group.has(3);
    expect(group.records[2]).toEqual(records.find(({ key }) => key === 'hdl_poison'));
    while ((await letters.list(GROUP)).length > 0) await pause(20);
    // No other group gets it again.
    expect(other.records).toHaveLength(3);
  });

  it('lets what is still poison die again, and ends', async () => {
    let asked = 0;
    const group = await listen(({ key }) => {
      asked += 1;
      return key === 'hdl_poison';
    });
    await publish(['hdl_poison']);
    await until(() => asked === 5, 'the attempts');
    while ((await letters.list(GROUP)).length === 0) await pause(20);
    const places = (await letters.list(GROUP)).map((letter) => letter.place);
    await letters.requestReplay(GROUP, places);
    expect(await letters.replayProgress(GROUP, places)).toEqual({ waiting: 1, diedAgain: 0 });
    await until(() => asked === 10, 'the attempts of the replay');
    while ((await letters.replayProgress(GROUP, places)).waiting > 0) await pause(20);
    await publish(['hdl_after']);
    await group.has(1);
    await pause(1_200);
    expect(asked).toBe(11);
    expect(await letters.replayProgress(GROUP, places)).toEqual({ waiting: 0, diedAgain: 1 });
  });
});
