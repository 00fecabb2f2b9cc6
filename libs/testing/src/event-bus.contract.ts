import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type BusRecord, type EventBus, type PosternEvent, TOPICS } from '#events';
import { EventListener, until } from './event-listener.js';
import { anOutboxEvent } from './outbox.contract.js';

/** A bus under test. Others may publish on the same topics: a test looks at its own keys only. */
export interface EventBusUnderTest {
  readonly bus: EventBus;
  /** A client of its own on the same bus, such as another process has. Closed with the rest. */
  another(): Promise<EventBus>;
  /** Makes them publishable, in order: writes them to the outbox where the bus carries its rows. */
  record(events: readonly PosternEvent[]): Promise<readonly BusRecord[]>;
  close(): Promise<void>;
}

const idsOf = (records: readonly BusRecord[]): string[] => records.map(({ event }) => event.id);
const shuffledEvents = (keys: readonly string[], rounds: number): PosternEvent[] =>
  Array.from({ length: rounds }, (_, round) =>
    keys.map((key) => anOutboxEvent(key, `round ${round}`)),
  ).flat();

/** What every EventBus keeps; see the port. */
export function eventBusContract(make: () => Promise<EventBusUnderTest>): void {
  let under: EventBusUnderTest;
  let ownKey: string;
  const listeners: EventListener[] = [];
  const listener = (onRecord?: (record: BusRecord) => Promise<void>): EventListener => {
    const made = new EventListener(ownKey, onRecord);
    listeners.push(made);
    return made;
  };
  /** Records with the test's key and a suffix each. */
  const recorded = (suffixes: readonly string[], rounds = 1): Promise<readonly BusRecord[]> =>
    under.record(
      shuffledEvents(
        suffixes.map((suffix) => ownKey + suffix),
        rounds,
      ),
    );

  beforeAll(async () => {
    under = await make();
  }, 60_000);
  afterAll(() => under.close(), 30_000);
  beforeEach(() => {
    ownKey = `hdl_${randomUUID()}_`;
  });
  afterEach(() => Promise.all(listeners.splice(0).map((made) => made.stop())));

  describe('event bus: what is delivered', () => {
    it('delivers a record as it was published, with its topic and key', async () => {
      const records = await recorded(['a']);
      await under.bus.publish(records);
      const heard = await listener().listen(under.bus);
      await heard.has(1);
      expect(heard.records).toEqual(records);
    });

    it('delivers the records of one key in order, whatever other keys do', async () => {
      const heard = await listener().listen(under.bus);
      const records = await recorded(['a', 'b', 'c', 'd', 'e'], 40);
      for (let start = 0; start < records.length; start += 70) {
        await under.bus.publish(records.slice(start, start + 70));
      }
      await heard.has(records.length);
      for (const suffix of ['a', 'b', 'c', 'd', 'e']) {
        const sequences = heard.records
          .filter(({ key }) => key === ownKey + suffix)
          .map(({ event }) => Number(event.sequence));
        expect(sequences).toEqual(Array.from({ length: 40 }, (_, place) => place + 1));
      }
    });

    it('handles one record of a key at a time', async () => {
      let running = 0;
      let most = 0;
      const slow = listener(async () => {
        running += 1;
        most = Math.max(most, running);
        await pause(2);
        running -= 1;
      });
      await slow.listen(under.bus);
      await under.bus.publish(await recorded(['a'], 20));
      await slow.has(20);
      expect(most).toBe(1);
    });

    it('delivers the topics that were asked for and no other', async () => {
      const heard = await listener().listen(under.bus, { topics: [TOPICS.call, TOPICS.exchange] });
      const handles = await listener().listen(under.bus);
      await under.bus.publish(await recorded(['a']));
      await handles.has(1);
      expect(heard.records).toEqual([]);
    });

    it('delivers every record to every group', async () => {
      const [one, other] = [listener(), listener()];
      await one.listen(under.bus);
      await other.listen(await under.another());
      const records = await recorded(['a', 'b'], 3);
      await under.bus.publish(records);
      await Promise.all([one.has(6), other.has(6)]);
      expect([...one.ids].sort()).toEqual(idsOf(records).sort());
      expect([...other.ids].sort()).toEqual(idsOf(records).sort());
    });

    it('delivers a record that was published twice with the same id and content', async () => {
      const records = await recorded(['a']);
      const after = await recorded(['a']);
      await under.bus.publish(records);
      await under.bus.publish(records);
      await under.bus.publish(after);
      const heard = await listener().listen(under.bus);
      await until(() => heard.ids.includes(after[0]!.event.id), 'the last record');
      const repeats = heard.records.filter(({ event }) => event.id !== after[0]!.event.id);
      expect(repeats.length).toBeGreaterThanOrEqual(1);
      for (const repeat of repeats) expect(repeat).toEqual(records[0]);
    });

    it('publishes nothing at all without complaint', async () => {
      await expect(under.bus.publish([])).resolves.toBeUndefined();
    });
  });

  describe('event bus: where a group reads from', () => {
    it('gives a new group what was published before, when it asks for the earliest', async () => {
      await under.bus.publish(await recorded(['a'], 3));
      const heard = await listener().listen(under.bus, { from: 'earliest' });
      await heard.has(3);
      expect(heard.records).toHaveLength(3);
    });

    it('gives a new group only what comes after, when it asks for the latest', async () => {
      await under.bus.publish(await recorded(['before']));
      const heard = await listener().listen(under.bus, { from: 'latest' });
      const after = await recorded(['after'], 2);
      await under.bus.publish(after);
      await heard.has(2);
      expect(heard.ids).toEqual(idsOf(after));
    });

    it.each(['earliest', 'latest'] as const)(
      'goes on where the group stopped, also when it says %s',
      async (from) => {
        const group = `contract-${randomUUID()}`;
        const first = await listener().listen(under.bus, { group, from });
        await under.bus.publish(await recorded(['a']));
        await first.has(1);
        await first.stop();
        const missed = await recorded(['a'], 3);
        await under.bus.publish(missed);
        const second = await listener().listen(await under.another(), { group, from });
        await second.has(3);
        expect(second.ids).toEqual(idsOf(missed));
        expect(first.records).toHaveLength(1);
      },
    );
  });

  it('event bus: begins anew each time for a group whose offsets are forgotten', async () => {
    const watching = { group: `contract-${randomUUID()}`, offsets: 'forgotten' } as const;
    await under.bus.publish(await recorded(['a'], 2));
    const first = await listener().listen(under.bus, watching);
    await first.has(2);
    await first.stop();
    const second = await listener().listen(under.bus, watching);
    await second.has(2);
    expect(second.ids).toEqual(first.ids);
    await second.stop();
    const late = await listener().listen(under.bus, { ...watching, from: 'latest' });
    const after = await recorded(['a']);
    await under.bus.publish(after);
    await late.has(1);
    expect(late.ids).toEqual(idsOf(after));
  });

  describe('event bus: the members of a group', () => {
    it('handle each record once between them', async () => {
      const group = `contract-${randomUUID()}`;
      const [one, other] = [listener(), listener()];
      await one.listen(under.bus, { group });
      await other.listen(await under.another(), { group });
      const records = await recorded(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 4);
      await under.bus.publish(records);
      await until(
        () => one.records.length + other.records.length >= records.length,
        'all records at the two members',
      );
      expect([...one.ids, ...other.ids].sort()).toEqual(idsOf(records).sort());
    });

    it('take over from one that stops', async () => {
      const group = `contract-${randomUUID()}`;
      const [one, other] = [listener(), listener()];
      await one.listen(under.bus, { group });
      await other.listen(await under.another(), { group });
      await one.stop();
      const records = await recorded(['a', 'b', 'c'], 2);
      await under.bus.publish(records);
      await other.has(records.length);
      expect([...other.ids].sort()).toEqual(idsOf(records).sort());
      expect(one.records).toEqual([]);
    });
  });

  describe('event bus: a handler that rejects', () => {
    const group = (): string => `contract-${randomUUID()}`;

    it('stops the subscription, is told why, and gets nothing more', async () => {
      const failing = listener(async () => {
        throw new Error('the effect did not happen');
      });
      await failing.listen(under.bus);
      await under.bus.publish(await recorded(['a'], 3));
      await until(() => failing.failures.length > 0, 'the failure');
      expect(failing.failures.map(({ message }) => message)).toEqual(['the effect did not happen']);
      expect(failing.records).toEqual([]);
    });

    it('loses nothing: the group gets that record and those behind it again', async () => {
      const name = group();
      const seen: string[] = [];
      const failing = listener(async ({ event }) => {
        if (seen.length === 1) throw new Error('the second fails');
        seen.push(event.id);
      });
      await failing.listen(under.bus, { group: name });
      const records = await recorded(['a'], 4);
      await under.bus.publish(records);
      await until(() => failing.failures.length > 0, 'the failure');
      const healed = await listener().listen(under.bus, { group: name });
      await until(() => healed.ids.includes(records[3]!.event.id), 'the last record');
      const again = healed.ids.slice(healed.ids.indexOf(records[1]!.event.id));
      expect(seen).toEqual([records[0]!.event.id]);
      expect(again).toEqual(idsOf(records.slice(1)));
    });
  });

  describe('event bus: stopping', () => {
    it('waits for the handler that runs, and stores its offset', async () => {
      const group = `contract-${randomUUID()}`;
      let entered = false;
      let finish: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const slow = listener(() => {
        entered = true;
        return gate;
      });
      await slow.listen(under.bus, { group });
      const records = await recorded(['a'], 2);
      await under.bus.publish(records);
      await until(() => entered, 'the handler');
      const stopped = slow.stop();
      finish();
      await stopped;
      expect(slow.ids).toEqual([records[0]!.event.id]);
      const next = await listener().listen(under.bus, { group });
      await next.has(1);
      expect(next.ids).toEqual([records[1]!.event.id]);
    });

    it('delivers nothing after it resolved', async () => {
      const heard = await listener().listen(under.bus);
      await heard.stop();
      const other = await listener().listen(under.bus);
      await under.bus.publish(await recorded(['a']));
      await other.has(1);
      expect(heard.records).toEqual([]);
    });

    it('may be asked for twice', async () => {
      const heard = await listener().listen(under.bus);
      await heard.stop();
      await expect(heard.stop()).resolves.toBeUndefined();
    });

    it('of the bus stops its subscriptions and refuses new work', async () => {
      const bus = await under.another();
      const heard = await listener().listen(bus);
      await bus.close();
      const records = await recorded(['a']);
      await expect(bus.publish(records)).rejects.toThrow('closed');
      await expect(listener().listen(bus)).rejects.toThrow('closed');
      expect(heard.failures).toEqual([]);
    });
  });
}
