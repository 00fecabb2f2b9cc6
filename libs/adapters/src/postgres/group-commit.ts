import { DependencyUnavailable } from '#kernel';

export interface GroupCommitOptions<Item> {
  /** Most items of one transaction. */
  readonly batchItemsMax: number;
  /** Most items that wait; more are refused at once. */
  readonly waitingItemsMax: number;
  /** Most transactions at once. */
  readonly lanes: number;
  /** Items for which this is equal never share a transaction. */
  readonly apart?: (item: Item) => string;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets many callers share one transaction: what arrives while a batch is on its way goes with the next. An item on
 * its own goes at once, so that a quiet system adds no wait.
 */
export class GroupCommit<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private lanesBusy = 0;
  private scheduled = false;

  /** `commit` writes all of the items or none, and resolves to one result an item, in their order. */
  constructor(
    private readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly options: GroupCommitOptions<Item>,
  ) {}

  /** @throws DependencyUnavailable when too many wait; else what `commit` throws. */
  submit(item: Item): Promise<Result> {
    if (this.waiting.length >= this.options.waitingItemsMax) {
      const message = `more than ${this.options.waitingItemsMax} writes wait for PostgreSQL`;
      return Promise.reject(new DependencyUnavailable('postgresql', message));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  // Waits for the end of the current turn of the event loop: callers that were woken together go together.
  private schedule(): void {
    if (this.scheduled || this.lanesBusy >= this.options.lanes || this.waiting.length === 0) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      void this.runBatch();
    });
  }

  private async runBatch(): Promise<void> {
    const batch = this.takeBatch();
    this.lanesBusy += 1;
    this.schedule();
    await this.settle(batch);
    this.lanesBusy -= 1;
    this.schedule();
  }

  private takeBatch(): readonly Waiting<Item, Result>[] {
    const { apart, batchItemsMax } = this.options;
    if (apart === undefined) return this.waiting.splice(0, batchItemsMax);
    const [batch, rest]: [Waiting<Item, Result>[], Waiting<Item, Result>[]] = [[], []];
    const taken = new Set<string>();
    for (const waiting of this.waiting) {
      const mark = apart(waiting.item);
      const fits = batch.length < batchItemsMax && !taken.has(mark);
      (fits ? batch : rest).push(waiting);
      taken.add(mark);
    }
    this.waiting = rest;
    return batch;
  }

  private async settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.commit(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, place) => resolve(results[place] as Result));
    } catch (error) {
      if (batch.length === 1 || error instanceof DependencyUnavailable) {
        for (const { reject } of batch) reject(error);
        return;
      }
      // One item is at fault, and the others must not suffer for it: halve until it is alone.
      const middle = Math.ceil(batch.length / 2);
      await this.settle(batch.slice(0, middle));
      await this.settle(batch.slice(middle));
    }
  }
}
