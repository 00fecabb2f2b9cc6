import {
  AnchoredLog,
  CheckpointAnchor,
  type MerkleHash,
  type WaitingLeaves,
  type WrittenTile,
} from '#audit';
import { aCheckpointer, InMemoryAuditLog, InMemorySigner, recordedEvents } from '#testing';
import { CheckpointWatch } from './checkpoint-watch.js';

/** A log of which a test says how long its events have waited. */
class WaitingLog extends InMemoryAuditLog {
  oldestAgeSeconds = 0;

  override async waiting(): Promise<WaitingLeaves> {
    const { count } = await super.waiting();
    return { count, oldestAgeSeconds: count === 0 ? 0 : this.oldestAgeSeconds, lost: 0 };
  }
}

class MemoryAnchor extends CheckpointAnchor {
  note: string | undefined;
  failure: Error | undefined;

  override newest(): Promise<string | undefined> {
    return this.failure === undefined ? Promise.resolve(this.note) : Promise.reject(this.failure);
  }

  override read(): Promise<readonly MerkleHash[]> {
    return Promise.resolve([]);
  }

  override write(_tiles: readonly WrittenTile[], note: string): Promise<void> {
    this.note = note;
    return Promise.resolve();
  }
}

describe('the watch over checkpoints', () => {
  const log = () => new WaitingLog();
  let told: string[];
  let alarms: string[];
  let nowMs: number;
  beforeEach(() => {
    told = [];
    alarms = [];
    nowMs = 1_000;
  });

  function watchOver(over: WaitingLog, anchor?: MemoryAnchor, signer = new InMemorySigner()) {
    const sizes: number[] = [];
    const watch = new CheckpointWatch({
      log: over,
      checkpointer: aCheckpointer(over, signer),
      ...(anchor === undefined ? {} : { anchored: new AnchoredLog(over, anchor) }),
      everySeconds: 60,
      figures: {
        waiting: () => undefined,
        newest: ({ size }) => sizes.push(size),
        made: () => undefined,
        anchored: () => undefined,
        failed: () => undefined,
      },
      nowMs: () => nowMs,
      onProblem: (message) => told.push(message),
      onAlarm: (message) => alarms.push(message),
    });
    return { watch, sizes };
  }

  it('makes a checkpoint when the oldest event has waited for its time, and not before', async () => {
    const over = log();
    const { watch } = watchOver(over);
    over.add(recordedEvents(5));
    over.oldestAgeSeconds = 59;
    await watch.look();
    expect(over.kept).toHaveLength(0);
    over.oldestAgeSeconds = 60;
    await watch.look();
    expect(over.kept.map(({ size }) => size)).toEqual([5]);
  });

  it('does not wait with 10,000 events, and makes as many as are needed', async () => {
    const over = log();
    const { watch } = watchOver(over);
    const events = recordedEvents(100);
    for (let at = 0; at < 201; at += 1) over.add(events);
    await watch.look();
    expect(over.kept.map(({ size }) => size)).toEqual([10_000, 20_000]);
  });

  it('says that the evidence is late after three times its time, until it is not', async () => {
    const over = log();
    class SealedSigner extends InMemorySigner {
      isSealed = true;
      override sign(text: Uint8Array): Promise<Uint8Array> {
        return this.isSealed ? Promise.reject(new Error('Vault is sealed')) : super.sign(text);
      }
    }
    const signer = new SealedSigner();
    const { watch } = watchOver(over, undefined, signer);
    over.add(recordedEvents(5));
    over.oldestAgeSeconds = 181;
    await watch.look();
    await watch.look();
    expect(watch.note).toBe(
      'evidence: 5 events wait for a checkpoint; evidence: checkpoint: Vault is sealed',
    );
    expect(told).toEqual(['evidence: checkpoint: Vault is sealed']);
    signer.isSealed = false;
    await watch.look();
    expect(watch.note).toBeUndefined();
    expect(over.kept.at(-1)?.size).toBe(5);
  });

  it('goes on without an anchor that fails, says so, and makes up for it', async () => {
    const [over, anchor] = [log(), new MemoryAnchor()];
    const { watch } = watchOver(over, anchor);
    over.oldestAgeSeconds = 60;
    over.add(recordedEvents(3));
    await watch.look();
    anchor.failure = new Error('the mount is gone');
    over.add(recordedEvents(5));
    await watch.look();
    expect(over.kept).toHaveLength(2);
    expect(watch.note).toBe('evidence: anchor: the mount is gone');
    anchor.failure = undefined;
    await watch.look();
    expect(watch.note).toBeUndefined();
    expect(anchor.note).toBe(over.kept[1]!.note);
  });

  it('signs nothing before it has seen its anchor once: the database may have been taken back meanwhile', async () => {
    const [over, anchor] = [log(), new MemoryAnchor()];
    over.oldestAgeSeconds = 60;
    over.add(recordedEvents(5));
    await watchOver(over, anchor).watch.look();
    over.kept.length = 0;
    over.add(recordedEvents(3));
    anchor.failure = new Error('the mount is gone');
    const { watch } = watchOver(over, anchor);
    await watch.look();
    expect(over.kept).toHaveLength(0);
    expect(watch.note).toContain('evidence: checkpoint: the mount is gone');
    anchor.failure = undefined;
    await watch.look();
    expect(over.kept).toHaveLength(0);
    expect(alarms[0]).toContain('restored or changed');
  });

  it('makes a checkpoint in time, and is late in time, when the clock of the database goes back', async () => {
    const over = log();
    const { watch } = watchOver(over);
    over.add(recordedEvents(5));
    over.oldestAgeSeconds = 0; // As it says while its clock is behind the time when they came.
    await watch.look();
    nowMs += 59_999;
    await watch.look();
    expect(over.kept).toHaveLength(0);
    nowMs += 1;
    await watch.look();
    expect(over.kept.map(({ size }) => size)).toEqual([5]);
    over.add(recordedEvents(2));
    await watch.look();
    nowMs += 59_999;
    await watch.look();
    expect(over.kept).toHaveLength(1);
    expect(watch.note).toBeUndefined();
  });

  it('signs nothing further against its anchor, and raises an alarm', async () => {
    const [over, anchor] = [log(), new MemoryAnchor()];
    over.oldestAgeSeconds = 60;
    over.add(recordedEvents(5));
    await watchOver(over, anchor).watch.look();
    over.kept.length = 0;
    over.add(recordedEvents(3));
    const { watch } = watchOver(over, anchor);
    await watch.look();
    expect(over.kept).toHaveLength(0);
    expect(alarms[0]).toContain('restored or changed');
    expect(watch.note).toContain('restored or changed');
  });
});
