import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 25;

/** Waits for a condition, not for a time. Rejects at the deadline, naming what did not come true. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < deadlineMs; waitedMs += POLL_MS) {
    if (await condition()) return;
    await pause(POLL_MS);
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`);
}
