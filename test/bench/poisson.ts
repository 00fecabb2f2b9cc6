import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Random moments, as requests of many callers fall due that know nothing of each other (Poisson). Each is given when it
 * has come; it may be long past when whoever asks, or a timer, is late: latency counts from it.
 */
export async function* moments(perSecond: number): AsyncGenerator<number, never> {
  for (let due = performance.now(); ;) {
    due += (-Math.log(1 - Math.random()) / perSecond) * 1000;
    const early = due - performance.now();
    if (early > 0) await pause(early);
    yield due;
  }
}
