import { waitAtMost } from './wait-at-most.js';

const HOUR_MS = 3_600_000;
const never = new Promise<never>(() => undefined);

describe('waitAtMost', () => {
  it('resolves when the work has ended, long before the time is over', async () => {
    await expect(waitAtMost(HOUR_MS, Promise.resolve('done'))).resolves.toBeUndefined();
  });

  it('resolves without work that does not end', async () => {
    await expect(waitAtMost(5, never)).resolves.toBeUndefined();
  });

  it('rejects as the work does', async () => {
    await expect(waitAtMost(HOUR_MS, Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  });

  it('does not wait where there is no work', async () => {
    await expect(waitAtMost(HOUR_MS, undefined)).resolves.toBeUndefined();
  });
});
