import { randomUUID } from 'node:crypto';
import {
  type BusRecord,
  decodeEvent,
  EventFactory,
  type RecordPlace,
  type RejectedRecord,
  type Subscription,
  TOPICS,
} from '#events';
import { DependencyUnavailable, SystemClock } from '#kernel';
import { type EventBusUnderTest } from './event-bus.contract.js';
import { EventListener, until } from './event-listener.js';
import { anOutboxEvent } from './outbox.contract.js';

const SUFFIXES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const samePartition = (one: RecordPlace, other: RecordPlace): boolean =>
  one.topic === other.topic && one.partition === other.partition;

/** What every EventBus keeps when a record is not handled, and what it says of its progress; see the port. */
export function eventBusVerdictContract(make: () => Promise<EventBusUnderTest>): void {
  let under: EventBusUnderTest;
  let ownKey: string;
  const listeners: EventListener[] = [];
  const listener = (onRecord?: (record: BusRecord) => Promise<void>): EventListener => {
    const made = new EventListener(ownKey, onRecord);
    listeners.push(made);
    return made;
  };
  const recorded = (suffixes: readonly string[]): Promise<readonly BusRecord[]> =>
    under.record(suffixes.map((suffix) => anOutboxEvent(ownKey + suffix)));
  const idsOf = (records: readonly BusRecord[]): string[] => records.map(({ event }) => event.id);

  beforeAll(async () => {
    under = await make();
  }, 60_000);
  afterAll(() => under.close(), 30_000);
  beforeEach(() => {
    ownKey = `hdl_${randomUUID()}_`;
  });
  afterEach(() => Promise.all(listeners.splice(0).map((made) => made.stop())));

  describe('event bus: a record that is passed', () => {
    it('is told with where it lies, its bytes, when it was written and why, and is left behind', async () => {
      const rejected: RejectedRecord[] = [];
      const records = await recorded(['a', 'a', 'a']);
      const refusal = new Error('not this one');
      const group = `contract-${randomUUID()}`;
      const picky = listener(async ({ event }) => {
        if (event.id === records[1]!.event.id) throw refusal;
      });
      const onRejected: Subscription['onRejected'] = async (told) => {
        rejected.push(told);
        return 'passed';
      };
      await picky.listen(under.bus, { group, onRejected });
      await under.bus.publish(records);
      await picky.has(2);
      expect(picky.ids).toEqual([records[0]!.event.id, records[2]!.event.id]);
      expect(rejected).toHaveLength(1);
      expect(rejected[0]!.error).toBe(refusal);
      expect(rejected[0]!.place).toEqual(picky.places.get(records[1]!.event.id));
      expect(decodeEvent(rejected[0]!.record)).toEqual(records[1]!.event);
      expect(new Date(rejected[0]!.writtenAt).toISOString()).toBe(rejected[0]!.writtenAt);
      await picky.stop();
      const after = await recorded(['a']);
      await under.bus.publish(after);
      const next = await listener().listen(under.bus, { group });
      await next.has(1);
      expect(next.ids).toEqual(idsOf(after));
    });
  });

  describe('event bus: a record that is blocked', () => {
    it('holds its partition, not the others, until it is handled; then all follows in order', async () => {
      const records = await recorded([...SUFFIXES, ...SUFFIXES]);
      let broken = true;
      const stuck = listener(async ({ event }) => {
        if (broken && event.id === records[0]!.event.id) {
          throw new DependencyUnavailable('store', 'the store is away');
        }
      });
      await stuck.listen(under.bus, { onRejected: async () => 'blocked' });
      await under.bus.publish(records);
      await until(() => stuck.progress.blocked.length > 0, 'the block');
      const [block] = stuck.progress.blocked;
      expect(block?.place).toEqual(stuck.places.get(records[0]!.event.id));
      expect(block?.reason).toBe('dependency-unavailable: the store is away');
      const first = block!.place;
      const elsewhere = (): string[] =>
        stuck.ids.filter((id) => !samePartition(stuck.places.get(id)!, first));
      // Of ten keys some lie in another partition; each of those is handled while the first one stands.
      await until(() => elsewhere().length >= 2, 'records of other partitions');
      expect(stuck.ids.filter((id) => samePartition(stuck.places.get(id)!, first))).toEqual([]);
      broken = false;
      await stuck.has(records.length);
      expect(stuck.progress.blocked).toEqual([]);
      expect(stuck.failures).toEqual([]);
      for (const suffix of SUFFIXES) {
        const own = records.filter(({ key }) => key === ownKey + suffix);
        expect(stuck.idsOf(ownKey + suffix)).toEqual(idsOf(own));
      }
    });

    it('is what a verdict that rejects counts as, and is given again after a pause that grows', async () => {
      const gaps: number[] = [];
      let last = performance.now();
      const stuck = listener(async () => {
        gaps.push(performance.now() - last);
        last = performance.now();
        if (gaps.length < 3) throw new Error('no');
      });
      await stuck.listen(under.bus, {
        onRejected: async () => {
          throw new Error('no place for dead letters');
        },
      });
      await under.bus.publish(await recorded(['a']));
      await stuck.has(1);
      expect(stuck.failures).toEqual([]);
      expect(gaps[1]).toBeGreaterThanOrEqual(900);
      expect(gaps[2]).toBeGreaterThanOrEqual(1_900);
    }, 20_000);

    it('does not keep the subscription from stopping, and is given to who comes after', async () => {
      const group = `contract-${randomUUID()}`;
      const stuck = listener(async () => {
        throw new Error('never');
      });
      await stuck.listen(under.bus, { group, onRejected: async () => 'blocked' });
      const records = await recorded(['a', 'a']);
      await under.bus.publish(records);
      await until(() => stuck.progress.blocked.length > 0, 'the block');
      await stuck.stop();
      const next = await listener().listen(under.bus, { group });
      await next.has(2);
      expect(next.ids).toEqual(idsOf(records));
    });
  });

  describe('event bus: progress', () => {
    it('tells when all that lay there is read, and how long a handler runs', async () => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      await under.bus.publish(await recorded(['a', 'b']));
      const slow = await listener(() => gate).listen(under.bus);
      await until(() => slow.progress.idleMs > 300, 'a handler that runs for long');
      expect(slow.progress.caughtUp).toBe(false);
      release();
      await until(() => slow.progress.caughtUp, 'the end of what lay there');
      expect(slow.ids).toHaveLength(2);
      await until(() => slow.progress.idleMs < 300, 'news that there is nothing new');
    });

    it('says that a group which begins at the latest has nothing to catch up with', async () => {
      await under.bus.publish(await recorded(['a']));
      const heard = await listener().listen(under.bus, { from: 'latest' });
      await until(() => heard.progress.caughtUp, 'that it has caught up');
      expect(heard.records).toEqual([]);
    });

    it('says not that it has caught up while what lay there is blocked', async () => {
      await under.bus.publish(await recorded(['a']));
      let broken = true;
      const stuck = listener(async () => {
        if (broken) throw new Error('not yet');
      });
      await stuck.listen(under.bus, { onRejected: async () => 'blocked' });
      await until(() => stuck.progress.blocked.length > 0, 'the block');
      expect(stuck.progress.caughtUp).toBe(false);
      broken = false;
      await until(() => stuck.progress.caughtUp, 'that it has caught up');
      expect(stuck.records).toHaveLength(1);
    });
  });

  it('event bus: a tombstone arrives as the event that it was', async () => {
    const factory = new EventFactory({
      clock: new SystemClock(),
      environment: 'test',
      deployment: 'contract',
      component: 'control',
    });
    const cleared = factory.create('dev.postern.revocation.cleared.v1', {
      subject: 'family/fam_1',
      partitionKey: `${ownKey}family`,
      correlationId: randomUUID(),
      data: {},
    });
    const records = await under.record([cleared]);
    await under.bus.publish(records);
    const heard = await listener().listen(under.bus, { topics: [TOPICS.revocationState] });
    await heard.has(1);
    expect(heard.records).toEqual(records);
    expect(heard.records[0]?.event.data).toEqual({});
  });
}
