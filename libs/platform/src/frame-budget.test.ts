import { FrameBudget } from './frame-budget.js';

describe('the frames that a connection may cost us', () => {
  const takenOf = (budget: FrameBudget): number => {
    let taken = 0;
    while (taken < 10_000 && budget.take()) taken += 1;
    return taken;
  };

  it('are 300 at once, and 30 more each second, and never more than 300', () => {
    let nowMs = 5;
    const budget = new FrameBudget(() => nowMs);
    expect(takenOf(budget)).toBe(300);
    nowMs += 1_000;
    expect(takenOf(budget)).toBe(30);
    nowMs += 3_600_000;
    expect(takenOf(budget)).toBe(300);
  });
});
