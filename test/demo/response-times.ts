import { until } from '../support/until.js';
import { must } from './step.js';

/** All that is detected is contained within that time of the second sight. */
export const CONTAINED_MS_MAX = 2_000;
const PATIENCE_MS = 20_000;

/** Milliseconds from the moment before the act until each of these has come true. */
export async function timesFrom<Name extends string>(
  act: () => Promise<unknown>,
  outcomes: Readonly<Record<Name, () => Promise<boolean>>>,
): Promise<Readonly<Record<Name, number>>> {
  const beganAt = performance.now();
  await act();
  const times = Object.entries<() => Promise<boolean>>(outcomes).map(async ([name, isTrue]) => {
    await until(name, isTrue, PATIENCE_MS);
    return [name, Math.round(performance.now() - beganAt)] as const;
  });
  return Object.fromEntries(await Promise.all(times)) as Record<Name, number>;
}

/** The line that says how long it took. Fails the step when it took too long. */
export function timesLine(detected: readonly number[], contained: readonly number[]): string {
  const [detectMs, containMs] = [Math.max(...detected), Math.max(...contained)];
  const line = `time to detect ${detectMs} ms, time to contain ${containMs} ms`;
  must(
    Math.max(detectMs, containMs) < CONTAINED_MS_MAX,
    `${line}: more than ${CONTAINED_MS_MAX} ms`,
  );
  return line;
}
