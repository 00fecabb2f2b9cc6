import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 25;
/** What takes longer than a second is asked about less often: asking costs those who are waited for. */
const PATIENT_POLL_MS = 100;
const PATIENT_AFTER_MS = 1_000;

/** Waits for a condition, not for a time. Rejects at the deadline, naming what did not come true. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  for (let waitedMs = 0; waitedMs < deadlineMs;) {
    if (await condition()) return;
    const pollMs = waitedMs < PATIENT_AFTER_MS ? POLL_MS : PATIENT_POLL_MS;
    await pause(pollMs);
    waitedMs += pollMs;
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`);
}
