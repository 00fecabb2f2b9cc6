import { DependencyUnavailable } from '#kernel';
import { GroupCommit } from './group-commit.js';

const OPTIONS = { batchItemsMax: 4, waitingItemsMax: 100, lanes: 1 };

/** Holds every batch until it is told to go on. */
class Commits {
  readonly batches: number[][] = [];
  private readonly held: (() => void)[] = [];

  readonly commit = async (items: readonly number[]): Promise<number[]> => {
    this.batches.push([...items]);
    await new Promise<void>((resolve) => this.held.push(resolve));
    return items.map((item) => item * 10);
  };

  async releaseAll(expected: number): Promise<void> {
    while (this.batches.length < expected || this.held.length > 0) {
      this.held.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('group commit', () => {
  it('commits together what is submitted in one turn, and gives each its own result', async () => {
    const commits = new Commits();
    const group = new GroupCommit(commits.commit, OPTIONS);
    const results = Promise.all([1, 2, 3].map((item) => group.submit(item)));
    await commits.releaseAll(1);
    expect(await results).toEqual([10, 20, 30]);
    expect(commits.batches).toEqual([[1, 2, 3]]);
  });

  it('collects what arrives while a batch is on its way, at most so many a batch', async () => {
    const commits = new Commits();
    const group = new GroupCommit(commits.commit, OPTIONS);
    const first = group.submit(0);
    await new Promise((resolve) => setImmediate(resolve));
    const later = [1, 2, 3, 4, 5].map((item) => group.submit(item));
    await commits.releaseAll(3);
    await Promise.all([first, ...later]);
    expect(commits.batches).toEqual([[0], [1, 2, 3, 4], [5]]);
  });

  it('keeps apart what may not share a batch, in its order', async () => {
    const commits = new Commits();
    const apart = (item: number): string => (item % 2 === 0 ? 'even' : 'odd');
    const group = new GroupCommit(commits.commit, { ...OPTIONS, apart });
    const results = Promise.all([1, 2, 3, 4, 5].map((item) => group.submit(item)));
    await commits.releaseAll(3);
    await results;
    expect(commits.batches).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('runs as many batches at once as it has lanes', async () => {
    const commits = new Commits();
    const group = new GroupCommit(commits.commit, { ...OPTIONS, lanes: 2 });
    const results = Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((item) => group.submit(item)));
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(commits.batches).toHaveLength(2);
    await commits.releaseAll(3);
    await results;
  });

  it('lets only the item fail that is at fault', async () => {
    const group = new GroupCommit<number, number>(async (items) => {
      if (items.includes(3)) throw new RangeError('three');
      return [...items];
    }, OPTIONS);
    const results = await Promise.allSettled([1, 2, 3, 4].map((item) => group.submit(item)));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  it('tries nothing again when the server is unavailable, and goes on with what comes after', async () => {
    let commits = 0;
    const group = new GroupCommit<number, number>(async (items) => {
      commits += 1;
      if (commits === 1) throw new DependencyUnavailable('postgresql', 'away');
      return [...items];
    }, OPTIONS);
    const results = await Promise.allSettled([1, 2].map((item) => group.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(commits).toBe(1);
    await expect(group.submit(5)).resolves.toBe(5);
  });

  it('refuses at once what does not fit in the queue', async () => {
    const commits = new Commits();
    const group = new GroupCommit(commits.commit, { ...OPTIONS, waitingItemsMax: 2 });
    const waiting = [group.submit(1), group.submit(2)];
    await expect(group.submit(3)).rejects.toThrow(DependencyUnavailable);
    await commits.releaseAll(1);
    await expect(Promise.all(waiting)).resolves.toEqual([10, 20]);
  });
});
