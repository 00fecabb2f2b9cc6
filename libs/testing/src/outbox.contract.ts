import {
  EventFactory,
  EVENT_BYTES_MAX,
  EventTooLarge,
  type Outbox,
  OUTBOX_SHARDS,
  OutboxLeaseLost,
  type PosternEvent,
} from '#events';
import { SystemClock } from '#kernel';

/** An outbox that relays share. */
export interface OutboxUnderTest {
  /** Another relay. */
  relay(): Promise<Outbox>;
  /** Writes events, all or none. */
  append(events: readonly PosternEvent[]): Promise<void>;
  /** Ends a relay's session from outside, as a crash does; it learns of it with its next statement. */
  kill(relay: Outbox): Promise<void>;
  close(): Promise<void>;
}

const factory = new EventFactory({
  clock: new SystemClock(),
  environment: 'test',
  deployment: 'contract',
  component: 'control',
});

/** A small event of that partition key. */
export const anOutboxEvent = (partitionKey: string, reason = 'contract'): PosternEvent =>
  factory.create('dev.postern.handle.revoked.v1', {
    subject: `handle/${partitionKey}`,
    partitionKey,
    correlationId: 'req_contract',
    data: {
      handle_id: partitionKey,
      family_id: 'fam_contract',
      scope: 'handle',
      reason,
      initiator: 'system',
      revoked_at: 1,
    },
  });

const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `hdl_${n}`);
const LIMIT = 1_000;

/** What each holds after it was asked, one after the other. */
async function leasesInTurn(relays: readonly Outbox[]): Promise<(readonly number[])[]> {
  const leases: (readonly number[])[] = [];
  for (const relay of relays) leases.push(await relay.lease());
  return leases;
}

/** What a relay may rely on. Each test gets an outbox of its own, empty. */
export function outboxContract(make: () => Promise<OutboxUnderTest>): void {
  let under: OutboxUnderTest;
  const leased = async (): Promise<Outbox> => {
    const relay = await under.relay();
    await relay.lease();
    return relay;
  };

  beforeEach(async () => {
    under = await make();
  });
  afterEach(() => under.close());

  describe('outbox: what is read', () => {
    it('gives nothing when nothing was written', async () => {
      const relay = await leased();
      expect(await relay.next(LIMIT)).toBeUndefined();
      expect(await relay.backlog()).toMatchObject({ records: 0, bytes: 0, oldestAgeSeconds: 0 });
    });

    it('gives nothing to a relay that has leased no shard', async () => {
      await under.append([anOutboxEvent('hdl_a')]);
      const relay = await under.relay();
      expect(await relay.next(LIMIT)).toBeUndefined();
    });

    it('gives each event with its topic, its key and what it said', async () => {
      const event = anOutboxEvent('hdl_a');
      await under.append([event]);
      const batch = await (await leased()).next(LIMIT);
      const [record] = batch!.records;
      expect(record).toMatchObject({ topic: 'postern.handle.v1', key: 'hdl_a', event });
      expect(new Date(record!.event.recordedtime).getTime()).not.toBeNaN();
    });

    it('numbers the events of one key from 1 without a gap, in the order of writing', async () => {
      for (let round = 0; round < 3; round += 1) {
        await under.append(['a', 'b', 'a'].map((key) => anOutboxEvent(key, `round ${round}`)));
      }
      const batch = await (await leased()).next(LIMIT);
      const sequencesOf = (key: string): number[] =>
        batch!.records.filter((r) => r.key === key).map(({ event }) => Number(event.sequence));
      expect(sequencesOf('a')).toEqual([1, 2, 3, 4, 5, 6]);
      expect(sequencesOf('b')).toEqual([1, 2, 3]);
      expect(batch!.records[0]!.event.sequence).toHaveLength(20);
    });

    it('gives at most as many as were asked for, the oldest first', async () => {
      await under.append(keys(10).map((key) => anOutboxEvent(key)));
      const batch = await (await leased()).next(4);
      expect(batch!.records.map(({ key }) => key)).toEqual(keys(4));
    });

    it('writes none of the events when one of them is too large', async () => {
      const tooLarge = anOutboxEvent('hdl_b', 'x'.repeat(EVENT_BYTES_MAX));
      await expect(under.append([anOutboxEvent('hdl_a'), tooLarge])).rejects.toThrow(EventTooLarge);
      expect(await (await leased()).next(LIMIT)).toBeUndefined();
    });

    it('leaves no gap in the sequence where a write failed', async () => {
      const tooLarge = anOutboxEvent('hdl_a', 'x'.repeat(EVENT_BYTES_MAX));
      await under.append([anOutboxEvent('hdl_a')]);
      await expect(under.append([tooLarge])).rejects.toThrow(EventTooLarge);
      await under.append([anOutboxEvent('hdl_a')]);
      const batch = await (await leased()).next(LIMIT);
      expect(batch!.records.map(({ event }) => Number(event.sequence))).toEqual([1, 2]);
    });
  });

  describe('outbox: what is marked', () => {
    it('gives the same events again until they are marked, and then never', async () => {
      await under.append([anOutboxEvent('hdl_a')]);
      const relay = await leased();
      const first = await relay.next(LIMIT);
      const again = await relay.next(LIMIT);
      expect(again!.records).toEqual(first!.records);
      await again!.markPublished();
      expect(await relay.next(LIMIT)).toBeUndefined();
    });

    it('marks only what was in the batch', async () => {
      const relay = await leased();
      await under.append([anOutboxEvent('hdl_a')]);
      const batch = await relay.next(LIMIT);
      await under.append([anOutboxEvent('hdl_b')]);
      await batch!.markPublished();
      expect((await relay.next(LIMIT))!.records.map(({ key }) => key)).toEqual(['hdl_b']);
    });

    it('tells which of them were sent before without being marked', async () => {
      await under.append([anOutboxEvent('hdl_a')]);
      const relay = await leased();
      const first = await relay.next(LIMIT);
      expect(first!.repeats).toBe(0);
      await first!.countAttempt();
      await under.append([anOutboxEvent('hdl_b')]);
      expect((await relay.next(LIMIT))!.repeats).toBe(1);
    });
  });

  describe('outbox: its backlog', () => {
    it('is counted, in all and by shard, with the age of its oldest event', async () => {
      await under.append([anOutboxEvent('hdl_a'), anOutboxEvent('hdl_a'), anOutboxEvent('hdl_b')]);
      const relay = await leased();
      const before = await relay.backlog();
      expect(before.records).toBe(3);
      expect(before.oldestAgeSeconds).toBeGreaterThanOrEqual(0);
      expect(before.oldestAgeSeconds).toBeLessThan(60);
      expect(before.shards).toHaveLength(OUTBOX_SHARDS);
      expect(before.shards.reduce((sum, { records }) => sum + records, 0)).toBe(3);
      await (await relay.next(1))!.markPublished();
      expect((await relay.backlog()).records).toBe(2);
    });

    it('is as many bytes as its events are as JSON, about', async () => {
      const events = [anOutboxEvent('hdl_a'), anOutboxEvent('hdl_b', 'x'.repeat(4_000))];
      await under.append(events);
      const { bytes } = await (await leased()).backlog();
      const written = Buffer.byteLength(events.map((event) => JSON.stringify(event)).join(''));
      expect(bytes).toBeGreaterThan(written);
      expect(bytes).toBeLessThan(written * 1.2);
    });

    it('is that of all shards, whoever holds them', async () => {
      await under.append(keys(40).map((key) => anOutboxEvent(key)));
      await leased();
      expect((await (await under.relay()).backlog()).records).toBe(40);
    });
  });

  describe('outbox: who holds a shard', () => {
    it('leases every shard to the first relay and none to the second', async () => {
      const [first, second] = [await under.relay(), await under.relay()];
      expect(await first.lease()).toHaveLength(OUTBOX_SHARDS);
      expect(await second.lease()).toEqual([]);
      await under.append([anOutboxEvent('hdl_a')]);
      expect(await second.next(LIMIT)).toBeUndefined();
    });

    it('keeps what a relay holds when it leases again', async () => {
      const relay = await leased();
      expect(await relay.lease()).toHaveLength(OUTBOX_SHARDS);
    });

    it('never leases one shard to two relays that ask at once, and in the end leases all', async () => {
      const relays = await Promise.all(Array.from({ length: 4 }, () => under.relay()));
      for (let round = 0; round < 3; round += 1) {
        const leases = await Promise.all(relays.map((relay) => relay.lease()));
        const held = leases.flat();
        expect(new Set(held).size).toBe(held.length);
      }
      const held = (await leasesInTurn(relays)).flat().sort((one, other) => one - other);
      expect(held).toEqual(Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard));
    });

    it('hands the half of what one relay holds to a second one that comes', async () => {
      const [first, second] = [await under.relay(), await under.relay()];
      await first.lease();
      await second.lease();
      const leases = await leasesInTurn([first, second]);
      expect(leases.map(({ length }) => length)).toEqual([8, 8]);
      expect(new Set(leases.flat()).size).toBe(OUTBOX_SHARDS);
    });

    it('spreads the shards over three relays, and leaves them where they are then', async () => {
      const relays = [await under.relay(), await under.relay(), await under.relay()];
      for (const relay of relays) await relay.lease();
      await leasesInTurn(relays);
      const settled = await leasesInTurn(relays);
      expect(settled.map(({ length }) => length).sort()).toEqual([4, 6, 6]);
      expect(await leasesInTurn(relays)).toEqual(settled);
    });

    it('marks nothing of a shard that was given up and is held by another', async () => {
      await under.append(keys(40).map((key) => anOutboxEvent(key)));
      const [first, second] = [await under.relay(), await under.relay()];
      await first.lease();
      const batch = await first.next(LIMIT);
      await second.lease();
      await leasesInTurn([first, second]);
      await expect(batch!.markPublished()).rejects.toThrow(OutboxLeaseLost);
      expect((await second.backlog()).records).toBe(40);
    });

    it('frees the shards of a relay that closes', async () => {
      const first = await leased();
      const second = await under.relay();
      await first.close();
      expect(await second.lease()).toHaveLength(OUTBOX_SHARDS);
    });

    it('frees the shards of a relay that dies, for another to take over', async () => {
      const first = await leased();
      const second = await under.relay();
      await under.kill(first);
      expect(await second.lease()).toHaveLength(OUTBOX_SHARDS);
    });

    it('lets a relay that lost its leases neither read nor mark', async () => {
      await under.append([anOutboxEvent('hdl_a')]);
      const first = await leased();
      const batch = await first.next(LIMIT);
      await under.kill(first);
      const second = await leased();
      await expect(batch!.countAttempt()).rejects.toThrow(OutboxLeaseLost);
      expect(() => batch!.assertLeased()).toThrow(OutboxLeaseLost);
      await expect(batch!.markPublished()).rejects.toThrow(OutboxLeaseLost);
      expect((await second.next(LIMIT))!.records).toEqual(batch!.records);
    });

    it('does not let a batch of an old lease be marked under a new one', async () => {
      await under.append([anOutboxEvent('hdl_a')]);
      const relay = await leased();
      const batch = await relay.next(LIMIT);
      await under.kill(relay);
      await relay.lease();
      await expect(batch!.markPublished()).rejects.toThrow(OutboxLeaseLost);
    });
  });
}
