import { Buffer } from 'node:buffer';
import { jest } from '@jest/globals';
import { type EachBatchPayload } from 'kafkajs';
import { type SubscriptionProgress, TOPICS } from '#events';
import { KafkaBatch, type BatchMember, type PlacedRecord } from './kafka-batch.js';
import { KafkaBlocks } from './kafka-blocks.js';

/** kafkajs's side of a batch; what the group answers is the test's. */
class ScriptedBatch {
  readonly resolved: string[] = [];
  readonly committed: string[] = [];
  readonly problems: string[] = [];
  heartbeats = 0;
  answer: () => Promise<void> = async () => undefined;
  isCurrent = true;
  running = true;
  paused = 0;
  resumed = 0;
  readonly blocks = new KafkaBlocks();
  readonly announced: (readonly PlacedRecord[])[] = [];

  constructor(private readonly offsets: readonly string[]) {}

  handle(
    deliver: (record: PlacedRecord) => Promise<void>,
    onRejected?: () => Promise<'passed' | 'blocked'>,
  ): Promise<Error | undefined> {
    return new KafkaBatch(this.payload(), this.member(deliver, onRejected)).handle();
  }

  private payload(): EachBatchPayload {
    const messages = this.offsets.map((offset) => ({
      offset,
      key: Buffer.from('k'),
      value: Buffer.from('{}'),
      timestamp: '1763719200000',
    }));
    return {
      batch: {
        topic: TOPICS.revocationState,
        partition: 4,
        messages,
        lastOffset: () => this.offsets.at(-1),
      },
      heartbeat: () => {
        this.heartbeats += 1;
        return this.answer();
      },
      resolveOffset: (offset: string) => this.resolved.push(offset),
      commitOffsetsIfNecessary: async (offsets: {
        topics: { partitions: { offset: string }[] }[];
      }) => {
        this.committed.push(offsets.topics[0]!.partitions[0]!.offset);
      },
      isRunning: () => this.running,
      isStale: () => false,
      pause: () => {
        this.paused += 1;
        return () => {
          this.resumed += 1;
        };
      },
    } as never;
  }

  private member(
    deliver: (record: PlacedRecord) => Promise<void>,
    onRejected?: () => Promise<'passed' | 'blocked'>,
  ): BatchMember {
    return {
      reading: {
        group: 'g',
        topics: [TOPICS.revocationState],
        from: 'earliest',
        onFailure: () => undefined,
        deliver,
        announce: (records) => this.announced.push(records),
        ...(onRejected === undefined ? {} : { onRejected }),
      },
      blocks: this.blocks,
      liveness: { whileHandling: <T>(work: () => Promise<T>) => work() } as never,
      catchUp: { moved: () => undefined } as never,
      onProblem: (problem) => this.problems.push(problem),
      isCurrent: () => this.isCurrent,
    };
  }
}

const groupAnswer = (type: string): Error => Object.assign(new Error(type), { type });

describe('a batch of Kafka', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('announces what comes next, at most 500 at once, as the same objects as it delivers', async () => {
    const batch = new ScriptedBatch(Array.from({ length: 501 }, (_, offset) => String(offset)));
    const delivered: PlacedRecord[] = [];
    await batch.handle(async (record) => {
      expect(batch.announced.flat()).toContain(record);
      delivered.push(record);
    });
    expect(batch.announced.map(({ length }) => length)).toEqual([500, 1]);
    expect(batch.announced.flat().every((record, at) => record === delivered[at])).toBe(true);
  });

  it('sends heartbeats while one record takes long', async () => {
    jest.useFakeTimers();
    const batch = new ScriptedBatch(['0']);
    let finish: () => void = () => undefined;
    const handling = batch.handle(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    await jest.advanceTimersByTimeAsync(120_000);
    expect(batch.heartbeats).toBeGreaterThanOrEqual(100);
    finish();
    await handling;
    const after = batch.heartbeats;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(batch.heartbeats).toBe(after);
  });

  it('ends at the record that runs when the group is divided anew, commits what is done, and tells kafkajs', async () => {
    const batch = new ScriptedBatch(['0', '1', '2']);
    const handled: string[] = [];
    const handling = batch.handle(async ({ place }) => {
      handled.push(place.offset);
      if (place.offset === '1')
        batch.answer = () => Promise.reject(groupAnswer('REBALANCE_IN_PROGRESS'));
    });
    await expect(handling).rejects.toThrow('REBALANCE_IN_PROGRESS');
    expect(handled).toEqual(['0', '1']);
    expect(batch.committed).toEqual(['2']);
    expect(batch.problems).toEqual([]);
  });

  it('says so, at once, when the group went on without it', async () => {
    jest.useFakeTimers();
    const batch = new ScriptedBatch(['0', '1']);
    let finish: () => void = () => undefined;
    const handling = batch.handle(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    handling.catch(() => undefined);
    batch.answer = () => Promise.reject(groupAnswer('UNKNOWN_MEMBER_ID'));
    await jest.advanceTimersByTimeAsync(5_000);
    expect(batch.problems).toEqual([
      'postern.revocation-state.v1, partition 4: the group went on without this member, which was handling records; ' +
        'another member may be handling the same ones now',
    ]);
    finish();
    await expect(handling).rejects.toThrow('UNKNOWN_MEMBER_ID');
  });

  it('commits nothing, and moves nowhere, when it has become stale', async () => {
    const batch = new ScriptedBatch(['0', '1']);
    const handled: string[] = [];
    await batch.handle(async ({ place }) => {
      handled.push(place.offset);
      batch.isCurrent = false;
    });
    expect(handled).toEqual(['0']);
    expect(batch.resolved).toEqual([]);
    expect(batch.committed).toEqual([]);
  });

  it('pauses a partition that is blocked, resolves nothing of it, and takes it up again after a second', async () => {
    jest.useFakeTimers();
    const batch = new ScriptedBatch(['7', '8']);
    const refuse = async (): Promise<never> => {
      throw new RangeError('no');
    };
    expect(await batch.handle(refuse, async () => 'blocked')).toBeUndefined();
    const place = { topic: TOPICS.revocationState, partition: 4, offset: '7' };
    const blocked: SubscriptionProgress['blocked'] = [{ place, reason: 'RangeError' }];
    expect(batch.blocks.list).toEqual(blocked);
    expect([batch.paused, batch.resolved, batch.committed]).toEqual([1, [], []]);
    await jest.advanceTimersByTimeAsync(999);
    expect(batch.resumed).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(batch.resumed).toBe(1);
    // It stands still until the record is handled, not just until it is given again.
    expect(batch.blocks.list).toEqual(blocked);
    await batch.handle(async () => undefined);
    expect(batch.blocks.list).toEqual([]);
    expect(batch.committed).toEqual(['9']);
  });

  it('forgets its blocks, and takes their partitions up, when the group is divided anew', async () => {
    const batch = new ScriptedBatch(['7']);
    await batch.handle(
      () => Promise.reject(new Error('no')),
      async () => 'blocked',
    );
    batch.blocks.clear();
    expect(batch.resumed).toBe(1);
    expect(batch.blocks.list).toEqual([]);
  });
});
