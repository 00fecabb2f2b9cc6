import {
  type AuditLog,
  AuditLogContradicted,
  Checkpointer,
  type CheckpointPoint,
  LEAVES_MAX,
  leafOf,
  parseCheckpoint,
  parseNote,
} from '#audit';
import { type PosternEvent, type RecordedEvent } from '#events';
import { AUDIT_NAME, auditEventFactory, InMemorySigner, seededKey } from './audited-export.js';
import { anOutboxEvent } from './outbox.contract.js';

/** A log that several checkpointers share, empty. */
export interface AuditLogUnderTest {
  /** As another process has it. */
  log(): Promise<AuditLog>;
  /** Written and published, in this order. */
  publish(events: readonly PosternEvent[]): Promise<readonly RecordedEvent[]>;
  /** Checkpoint events, the oldest first. */
  told(): Promise<readonly PosternEvent[]>;
  close(): Promise<void>;
}

class Crash extends Error {}

const someEvents = (count: number, what = 'a'): PosternEvent[] =>
  Array.from({ length: count }, (_, at) => anOutboxEvent(`hdl_${what}${at % 5}`, `${what} ${at}`));

/** What a checkpointer may rely on. Each test gets a log of its own. */
export function auditLogContract(make: () => Promise<AuditLogUnderTest>): void {
  let under: AuditLogUnderTest;
  beforeEach(async () => {
    under = await make();
  });
  afterEach(() => under.close());

  const checkpointerOver = (log: AuditLog, crashAt?: CheckpointPoint): Checkpointer =>
    new Checkpointer({
      ...{ log, signer: new InMemorySigner(), name: AUDIT_NAME, events: auditEventFactory },
      faults: (point) => {
        if (point === crashAt) throw new Crash(point);
      },
    });
  const checkpointer = async (crashAt?: CheckpointPoint): Promise<Checkpointer> => {
    const made = checkpointerOver(await under.log(), crashAt);
    await made.identity();
    return made;
  };
  const untilDone = async (one: Checkpointer): Promise<void> => {
    while ((await one.advance()) !== undefined);
  };
  /** Each index once, each event once, each hash that of its event, each checkpoint after the one before. */
  const requireWhole = async (events: readonly RecordedEvent[]): Promise<void> => {
    const log = await under.log();
    const leaves = await log.leaves(0, LEAVES_MAX);
    expect(leaves.map(({ index }) => index)).toEqual(events.map((_, at) => at));
    const hashes = new Map(events.map((event) => [event.id, leafOf(event)]));
    for (const { eventId, hash } of leaves) expect(hash).toEqual(hashes.get(eventId));
    expect(new Set(leaves.map(({ eventId }) => eventId)).size).toBe(events.length);
    const told = (await under.told()).map(({ data }) => data);
    let size = 0;
    for (const data of told) {
      const kept = (await log.checkpointAfter(size))!;
      size = kept.size;
      expect(data).toMatchObject({ tree_size: size, last_event_id: leaves[size - 1]!.eventId });
    }
    expect(size).toBe(events.length);
    expect(await log.checkpointAfter(size)).toBeUndefined();
    const newest = await checkpointerOver(log).newest(await checkpointerOver(log).identity());
    expect(newest.checkpoint.size).toBe(events.length);
  };

  it('puts nothing in the log, and signs nothing, while nothing was published', async () => {
    const one = await checkpointer();
    expect(await one.advance()).toBeUndefined();
    expect(await under.told()).toEqual([]);
    expect((await (await under.log()).waiting()).count).toBe(0);
  });

  it('gives each published event its index, and signs the head of all', async () => {
    const one = await checkpointer();
    const events = await under.publish(someEvents(12));
    expect((await (await under.log()).waiting()).count).toBe(12);
    expect((await one.advance())?.size).toBe(12);
    expect((await (await under.log()).waiting()).count).toBe(0);
    expect(await one.advance()).toBeUndefined();
    await requireWhole(events);
  });

  it('keeps the order of each key', async () => {
    const one = await checkpointer();
    const events = await under.publish(someEvents(40));
    await one.advance();
    const byId = new Map(events.map((event) => [event.id, event]));
    const last = new Map<string, string>();
    for (const { eventId } of await (await under.log()).leaves(0, 40)) {
      const { partitionkey, sequence } = byId.get(eventId)!;
      expect(sequence > (last.get(partitionkey) ?? '')).toBe(true);
      last.set(partitionkey, sequence);
    }
  });

  it('names the checkpoint before in each checkpoint', async () => {
    const one = await checkpointer();
    const events = [];
    for (const what of ['a', 'b', 'c']) {
      events.push(...(await under.publish(someEvents(3, what))));
      await one.advance();
    }
    const told = (await under.told()).map(({ data }) => data as { prev_checkpoint_hash: string });
    expect(new Set(told.map((data) => data.prev_checkpoint_hash)).size).toBe(3);
    expect(told[0]!.prev_checkpoint_hash).toBe('0'.repeat(64));
    await requireWhole(events);
  });

  it.each(['after_sequence', 'after_sign', 'after_publish'] as const)(
    'is whole when a checkpointer dies %s, and another goes on',
    async (point) => {
      const events = [...(await startedWith(3))];
      await expect((await checkpointer(point)).advance()).rejects.toThrow(Crash);
      events.push(...(await under.publish(someEvents(4, 'b'))));
      await untilDone(await checkpointer());
      await requireWhole(events);
    },
  );

  const startedWith = async (count: number): Promise<readonly RecordedEvent[]> => {
    await checkpointer();
    return under.publish(someEvents(count));
  };

  it('is whole when several checkpointers are at it at once, while events come', async () => {
    const several = await Promise.all([1, 2, 3].map(() => checkpointer()));
    const events: RecordedEvent[] = [];
    for (const what of ['a', 'b', 'c', 'd', 'e', 'f']) {
      events.push(...(await under.publish(someEvents(7, what))));
      await Promise.all(several.map((one) => one.advance()));
    }
    await untilDone(several[0]!);
    await requireWhole(events);
  });

  it('keeps one checkpoint of a size, of those that were signed at once', async () => {
    await startedWith(5);
    const logs = [await under.log(), await under.log()];
    const outcomes = await Promise.all(logs.map((log) => checkpointerOver(log).advance()));
    expect(outcomes.filter((outcome) => outcome !== undefined).length).toBeGreaterThan(0);
    expect(await under.told()).toHaveLength(1);
    const { note } = (await logs[0]!.checkpointUpTo(5))!;
    expect(parseCheckpoint(parseNote(note)!.text)).toMatchObject({ size: 5 });
  });

  it('is not brought to a stop by an event that has no canonical form, and tells of it', async () => {
    const log = await under.log();
    const one = checkpointerOver(log);
    await one.identity();
    const events = await under.publish(someEvents(3));
    const deep = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`) as unknown;
    const poison = { ...anOutboxEvent('hdl_poison'), data: { reason: deep } as never };
    await under.publish([poison]);
    const more = await under.publish(someEvents(2, 'b'));
    await untilDone(one);
    await requireWhole([...events, ...more]);
    expect(await log.waiting()).toMatchObject({ count: 1, lost: 1 });
  });

  it('does not go on from what another key signed', async () => {
    await startedWith(2);
    await (await checkpointer()).advance();
    await under.publish(someEvents(2, 'b'));
    const stranger = new Checkpointer({
      ...{ log: await under.log(), name: AUDIT_NAME, events: auditEventFactory },
      signer: new InMemorySigner(seededKey(5)),
    });
    await expect(stranger.advance()).rejects.toThrow(AuditLogContradicted);
    expect(await under.told()).toHaveLength(1);
  });
}
