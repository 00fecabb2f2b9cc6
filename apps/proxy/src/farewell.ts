import { setTimeout as pause } from 'node:timers/promises';

/** Taking leave of a bus may take that long when a process ends: one that does not answer must not cost it its own end. */
const FAREWELL_MS_MAX = 2_000;

/** Resolves when the leave was taken, or would take too long: then the bus finds out by itself. */
export async function farewell(leaving: Promise<unknown>): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const late = pause(FAREWELL_MS_MAX, undefined, { signal }).catch(() => undefined);
  try {
    await Promise.race([leaving, late]);
  } finally {
    waiting.abort();
  }
}
