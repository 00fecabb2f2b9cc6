import { setTimeout as pause } from 'node:timers/promises';
import { DependencyUnavailable } from '#kernel';

export interface FinishBufferLimits {
  readonly batchItemsMax: number;
  /** Longest time that an item waits for others. */
  readonly delayMs: number;
  /** Most items that wait; more are refused. */
  readonly waitingItemsMax: number;
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
}

interface Waiter {
  /** Resolves when this many items in all are done. */
  readonly target: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Writes items some time soon, in batches, and tries again until they are durable or the buffer is closed. */
export class FinishBuffer<Item> {
  private readonly waiting: Item[] = [];
  private waiters: Waiter[] = [];
  private added = 0;
  private done = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing = false;
  private readonly closing = new AbortController();

  /** `onProblem` hears of a failure once until a write succeeds again, and of each item that is given up. */
  constructor(
    private readonly write: (items: readonly Item[]) => Promise<void>,
    private readonly onProblem: (message: string, error: unknown) => void,
    private readonly limits: FinishBufferLimits,
  ) {}

  /** How many wait to become durable. */
  get size(): number {
    return this.added - this.done;
  }

  /** False when the buffer is full or closed: the item was not taken. */
  add(item: Item): boolean {
    if (this.waiting.length >= this.limits.waitingItemsMax || this.closing.signal.aborted)
      return false;
    this.waiting.push(item);
    this.added += 1;
    if (this.waiting.length >= this.limits.batchItemsMax) this.wake();
    else this.timer ??= setTimeout(() => this.wake(), this.limits.delayMs);
    return true;
  }

  /** Resolves when every item added so far is done; rejects when the buffer is closed before that. */
  flush(): Promise<void> {
    if (this.done >= this.added) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiters.push({ target: this.added, resolve, reject });
      this.wake();
    });
  }

  /** Takes no more, and stops trying again. Items that are not durable by now are lost to this process. */
  close(): void {
    this.closing.abort();
    clearTimeout(this.timer);
    const error = new DependencyUnavailable(
      'postgresql',
      `${this.added - this.done} call records were not durable when the ledger was closed`,
    );
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }

  private wake(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.writing) return;
    this.writing = true;
    void this.drain();
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0 && !this.closing.signal.aborted) {
      const batch = this.waiting.splice(0, this.limits.batchItemsMax);
      await this.writeUntilDone(batch);
    }
    // In the same turn as the look at what waits: whoever adds after it must be able to wake us.
    this.writing = false;
  }

  private async writeUntilDone(batch: readonly Item[]): Promise<void> {
    for (let failures = 0; !this.closing.signal.aborted; failures += 1) {
      try {
        await this.write(batch);
        this.settle(batch.length);
        return;
      } catch (error) {
        if (!(error instanceof DependencyUnavailable)) {
          await this.isolate(batch, error);
          return;
        }
        if (failures === 0) this.onProblem('call records wait until PostgreSQL answers', error);
        await this.backOff(failures);
      }
    }
  }

  /** The batch itself is wrong, and trying again is no use: halve it until what is wrong is alone, and give that up. */
  private async isolate(batch: readonly Item[], error: unknown): Promise<void> {
    if (batch.length === 1) {
      this.onProblem('a call record cannot be written and is left to the sweeper', error);
      this.settle(1);
      return;
    }
    const middle = Math.ceil(batch.length / 2);
    await this.writeUntilDone(batch.slice(0, middle));
    await this.writeUntilDone(batch.slice(middle));
  }

  private async backOff(failures: number): Promise<void> {
    const delayMs = this.limits.retryDelayMs * 2 ** Math.min(failures, 10);
    await pause(Math.min(delayMs, this.limits.retryDelayMaxMs), undefined, {
      signal: this.closing.signal,
    }).catch(() => undefined); // Closed: the loop sees it.
  }

  private settle(items: number): void {
    this.done += items;
    const due = this.waiters.filter(({ target }) => target <= this.done);
    this.waiters = this.waiters.filter(({ target }) => target > this.done);
    for (const { resolve } of due) resolve();
  }
}
