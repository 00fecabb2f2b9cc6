import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Leaf, leafOf } from '#audit';
import { EventBus, type RecordedEvent, type SubscriptionHandle, topicOfEvent } from '#events';
import { InMemoryEventBus, InMemoryTopics, recordedEvents } from '#testing';
import { type EventSource, firstThen } from './event-source.js';
import { spoolEvents, type SpoolParts } from './event-spool.js';

describe('the spool of events', () => {
  const events = recordedEvents(510);
  const leaves: readonly Leaf[] = events.map((event, index) => ({
    ...{ index, eventId: event.id, hash: leafOf(event) },
  }));
  const byId = new Map(leaves.map((leaf) => [leaf.eventId, leaf]));
  const leavesOf = (ids: readonly string[]): Promise<ReadonlyMap<string, Leaf>> =>
    Promise.resolve(
      new Map(ids.flatMap((id) => (byId.has(id) ? [[id, byId.get(id)!] as const] : []))),
    );

  let topics: InMemoryTopics;
  let bus: InMemoryEventBus;
  let folder: string;
  let told: string[];
  let source: EventSource | undefined;
  beforeEach(() => {
    topics = new InMemoryTopics();
    bus = new InMemoryEventBus(topics);
    folder = mkdtempSync(join(tmpdir(), 'postern-spool-'));
    [told, source] = [[], undefined];
  });
  afterEach(async () => {
    await source?.close();
    await bus.close();
    rmSync(folder, { recursive: true });
  });
  const publish = (given: readonly RecordedEvent[]): Promise<void> =>
    bus.publish(
      given.map((event) => ({ topic: topicOfEvent(event), key: event.partitionkey, event })),
    );
  const spool = async (more: Partial<SpoolParts> = {}): Promise<EventSource> => {
    const complain = (line: string): void => void told.push(line);
    const range = { from: 0, to: events.length };
    source = await spoolEvents({ bus, leavesOf, ...range, complain, folder, ...more });
    return source;
  };
  const forgedOf = (event: RecordedEvent): RecordedEvent => ({
    ...event,
    subject: 'handle/forged',
  });

  it('gives back each event that was logged, in whichever order they came', async () => {
    await publish(events.toReversed());
    const found = await (await spool()).find(leaves);
    expect(leaves.map(({ eventId }) => found.get(eventId))).toEqual(events);
    expect(told).toEqual([]);
  });

  it('has those of the range alone, and says of others that they are not there', async () => {
    await publish(events.slice(0, 30));
    const some = await spool({ from: 10, to: 40 });
    const found = await some.find(leaves.slice(10, 40));
    expect([...found.keys()]).toEqual(events.slice(10, 30).map(({ id }) => id));
  });

  it('leaves nothing behind, not even while it is open', async () => {
    await publish(events.slice(0, 5));
    await spool({ to: 5 });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['before', true],
    ['behind', false],
  ])(
    'does not take another event for the one that was logged when it stands %s it',
    async (_, isBefore) => {
      const forged = events.slice(0, 20).map(forgedOf);
      const genuine = events.slice(0, 20);
      await publish(isBefore ? [...forged, ...genuine] : [...genuine, ...forged]);
      const found = await (await spool({ to: 20 })).find(leaves.slice(0, 20));
      expect([...found.values()]).toEqual(genuine);
      if (isBefore)
        expect(told).toEqual(['20 records bear the id of a logged event and are another']);
    },
  );

  it('gives the other one when there is none better, so that what was done to it is seen', async () => {
    await publish([forgedOf(events[0]!), ...events.slice(1, 3)]);
    const kafka = await spool({ to: 3 });
    expect((await kafka.find(leaves.slice(0, 3))).get(events[0]!.id)?.subject).toBe(
      'handle/forged',
    );
    const outbox: EventSource = {
      find: () => Promise.resolve(new Map([[events[0]!.id, events[0]!]])),
      close: () => Promise.resolve(),
    };
    const found = await firstThen(kafka, outbox).find(leaves.slice(0, 3));
    expect(leaves.slice(0, 3).map(({ eventId }) => found.get(eventId))).toEqual(events.slice(0, 3));
  });

  it('is not stopped by one that has no canonical form, and does not give it', async () => {
    const deep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as unknown;
    const poison = { ...events[0]!, data: { reason: deep } } as never as RecordedEvent;
    await publish([poison, ...events.slice(1, 3)]);
    const found = await (await spool({ to: 3 })).find(leaves.slice(0, 3));
    expect([...found.keys()]).toEqual(events.slice(1, 3).map(({ id }) => id));
  });

  it('says where and why it cannot put events by', async () => {
    await publish(events.slice(0, 3));
    const away = join(folder, 'none');
    await expect(spool({ folder: away })).rejects.toMatchObject({
      code: 'audit-spool-unusable',
      message: expect.stringContaining(`in ${away} (ENOENT)`) as string,
    });
  });

  it('fails, and gives no half of it, when the log cannot be asked any more', async () => {
    await publish(events.slice(0, 5));
    const lost = new Error('the database is away');
    await expect(spool({ leavesOf: () => Promise.reject(lost) })).rejects.toBe(lost);
  });

  it('fails when the topics fall silent before they were read to their ends', async () => {
    const silent = spool({ bus: new SilentBus(), silenceMsMax: 50 });
    await expect(silent).rejects.toMatchObject({ code: 'dependency-unavailable' });
  });
});

/** A broker that gives nothing, and does not say that there is nothing. */
class SilentBus extends EventBus {
  override publish(): Promise<void> {
    return Promise.resolve();
  }

  override subscribe(): Promise<SubscriptionHandle> {
    const progress = { idleMs: 0, caughtUp: false, blocked: [] };
    return Promise.resolve({ progress, stop: () => Promise.resolve() });
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
