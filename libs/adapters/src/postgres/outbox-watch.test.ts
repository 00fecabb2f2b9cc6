import { PRESSURE_KNOWN_SECONDS } from '#events';
import { outboxPauseMs } from './outbox-watch.js';

describe('the pause between two measures of the outbox', () => {
  it('is a second after a quick one, and nine times as long as one that took long', () => {
    expect(outboxPauseMs(3)).toBe(1_000);
    expect(outboxPauseMs(500)).toBe(4_500);
  });

  it('never lets a slow server look like one that does not answer', () => {
    const slowestMs = 12_000; // No statement is waited for longer.
    expect(outboxPauseMs(slowestMs) + slowestMs).toBeLessThan(PRESSURE_KNOWN_SECONDS * 1_000);
  });
});
