import { DependencyUnavailable } from '#kernel';
import { FinishBuffer } from './finish-buffer.js';

const LIMITS = {
  batchItemsMax: 3,
  delayMs: 5,
  waitingItemsMax: 10,
  retryDelayMs: 1,
  retryDelayMaxMs: 4,
};

describe('finish buffer', () => {
  let written: number[];
  let problems: string[];
  const complain = (message: string): void => void problems.push(message);
  const unavailable = new DependencyUnavailable('postgresql', 'away');

  beforeEach(() => {
    written = [];
    problems = [];
  });

  /** Fails so many times, then writes. */
  const failing =
    (times: number, error: Error) =>
    async (items: readonly number[]): Promise<void> => {
      times -= 1;
      if (times >= 0) throw error;
      written.push(...items);
    };
  const bufferOf = (write: (items: readonly number[]) => Promise<void>): FinishBuffer<number> =>
    new FinishBuffer(write, complain, LIMITS);
  const refuseFour = async (items: readonly number[]): Promise<void> => {
    if (items.includes(4)) throw new RangeError('four');
    written.push(...items);
  };

  it('writes everything in order, and flush waits for it', async () => {
    const buffer = bufferOf(failing(0, unavailable));
    const items = [1, 2, 3, 4, 5, 6, 7];
    for (const item of items) expect(buffer.add(item)).toBe(true);
    await buffer.flush();
    expect(written).toEqual(items);
  });

  it('has nothing to flush when nothing was added', async () => {
    await expect(bufferOf(failing(0, unavailable)).flush()).resolves.toBeUndefined();
  });

  it('tries again until the server is back, and complains once', async () => {
    const buffer = bufferOf(failing(5, unavailable));
    buffer.add(1);
    await buffer.flush();
    expect(written).toEqual([1]);
    expect(problems).toEqual(['call records wait until PostgreSQL answers']);
  });

  it('gives up only the item that cannot be written', async () => {
    const buffer = bufferOf(refuseFour);
    for (const item of [3, 4, 5, 6]) buffer.add(item);
    await buffer.flush();
    expect(written).toEqual([3, 5, 6]);
    expect(problems).toEqual(['a call record cannot be written and is left to the sweeper']);
  });

  it('flushes again and again, also right after a batch ended', async () => {
    const buffer = bufferOf(failing(0, unavailable));
    for (let n = 0; n < 200; n += 1) {
      buffer.add(n);
      await buffer.flush();
    }
    expect(written).toHaveLength(200);
  });

  it('takes no more than it may hold', async () => {
    const buffer = bufferOf(failing(Infinity, unavailable));
    const taken = Array.from({ length: 20 }, (_, n) => buffer.add(n));
    // The first batch has left the queue; what it holds back still fills it.
    expect(taken.filter((one) => one).length).toBeLessThanOrEqual(10 + LIMITS.batchItemsMax);
    expect(taken.at(-1)).toBe(false);
    buffer.close();
  });

  it('rejects a flush that a close comes before, and takes nothing more', async () => {
    const buffer = bufferOf(failing(Infinity, unavailable));
    buffer.add(1);
    const flushed = buffer.flush();
    buffer.close();
    await expect(flushed).rejects.toThrow('1 call records were not durable');
    expect(buffer.add(2)).toBe(false);
  });
});
