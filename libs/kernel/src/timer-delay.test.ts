import { timerDelay } from './timer-delay.js';

describe('the delay of a timer', () => {
  it.each([
    [0, 0],
    [1_500, 1_500],
    [2_147_483_647, 2_147_483_647],
    [2_147_483_648, 2_147_483_647],
    [Infinity, 2_147_483_647],
    [-1, 0],
  ])('for %d ms is %d', (ms, delay) => {
    expect(timerDelay(ms)).toBe(delay);
  });
});
