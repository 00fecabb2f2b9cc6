import { retryPace } from './retry-pace.js';

describe('the pace of who tries again', () => {
  it('has pauses that end at once when nobody waits for them any more', async () => {
    const waiting = new AbortController();
    const [hour, beganAt] = [3_600_000, retryPace.now()];
    const paused = retryPace.pause(hour, waiting.signal);
    waiting.abort();
    await expect(paused).resolves.toBeUndefined();
    await expect(retryPace.pause(hour, waiting.signal)).resolves.toBeUndefined();
    expect(retryPace.now() - beganAt).toBeLessThan(hour);
  });

  it('shortens them by at least nothing, and less than all', () => {
    const drawn = Array.from({ length: 1_000 }, () => retryPace.jitter());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    expect(new Set(drawn).size).toBeGreaterThan(1);
  });
});
