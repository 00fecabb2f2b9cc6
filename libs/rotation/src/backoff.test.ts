import { backoffMs, drainPollMs } from './backoff.js';

const waits = [0, 1, 2, 3, 4, 5, 6, 7, 1_000_000];

describe('backoffMs', () => {
  it('doubles from five seconds to five minutes', () => {
    expect(waits.map((count) => backoffMs(count, false) / 1_000)).toEqual([
      5, 10, 20, 40, 80, 160, 300, 300, 300,
    ]);
  });

  it('is short while calls are held back: half of what they wait for at most', () => {
    expect(waits.map((count) => backoffMs(count, true))).toEqual([
      250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000,
    ]);
  });
});

it('a drain is looked at often at the beginning, and at least each five seconds', () => {
  expect([0, 1_000, 20_000, 100_000, 900_000].map(drainPollMs)).toEqual([
    250, 250, 1_000, 5_000, 5_000,
  ]);
});
