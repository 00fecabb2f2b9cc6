import { until } from '#testing';
import { Rounds, type RoundsParts } from './rounds.js';

const EVERY_MS = 5;
let rounds: Rounds | undefined;
let faults: unknown[];

beforeEach(() => {
  faults = [];
});
afterEach(() => rounds?.onApplicationShutdown());

function begin(...duties: RoundsParts['duties']): Rounds {
  const onFault = (failure: unknown): void => void faults.push(failure);
  rounds = new Rounds({ duties, onFault, everyMs: EVERY_MS });
  rounds.onApplicationBootstrap();
  return rounds;
}

describe('the rounds of the control process', () => {
  it('begin at once and come again', async () => {
    let done = 0;
    begin(async () => (done += 1));
    expect(done).toBe(1);
    await until(() => done >= 3, 'three rounds');
    expect(faults).toEqual([]);
  });

  it('do every duty, whatever becomes of the others, and tell what failed', async () => {
    const failure = new Error('the journal is away');
    let done = 0;
    begin(
      () => Promise.reject(failure),
      async () => (done += 1),
    );
    await until(() => done >= 2, 'two rounds');
    expect(faults.length).toBeGreaterThanOrEqual(2);
    expect(new Set(faults)).toEqual(new Set([failure]));
  });

  it('never overlap: the next waits until the one before has ended', async () => {
    const [atOnce, begun] = [{ now: 0, most: 0 }, { times: 0 }];
    begin(async () => {
      begun.times += 1;
      atOnce.now += 1;
      atOnce.most = Math.max(atOnce.most, atOnce.now);
      await new Promise((resolve) => setTimeout(resolve, 4 * EVERY_MS));
      atOnce.now -= 1;
    });
    await until(() => begun.times >= 3, 'three rounds');
    expect(atOnce.most).toBe(1);
  });

  it('end with the process: what is under way is told to stop and waited for', async () => {
    const seen: string[] = [];
    const running = begin(
      async (signal) => {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        seen.push('stopped');
      },
      async () => seen.push('never begun'),
    );
    await running.onApplicationShutdown();
    expect(seen).toEqual(['stopped']);
    await new Promise((resolve) => setTimeout(resolve, 4 * EVERY_MS));
    expect(seen).toEqual(['stopped']);
  });
});
