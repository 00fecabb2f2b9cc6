import { setTimeout as pause } from 'node:timers/promises';

/**
 * Resolves when the work has ended, or after `ms` without it: for the end of a process, which must not wait for ever for
 * who does not answer. Rejects when the work rejects in time.
 */
export async function waitAtMost(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  const waiting = new AbortController();
  const late = pause(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    waiting.abort();
  }
}
