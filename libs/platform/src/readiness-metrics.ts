import { type HealthRegistry } from './health.js';
import { type Metrics } from './metrics.js';
import { Rounds } from './rounds.js';

const LOOK_EVERY_MS = 15_000;

/**
 * What /readyz says, for Prometheus: `postern_ready`, and `postern_health_check_ok` of each check by its name (`check`). Asked
 * every fifteen seconds, whether or not anybody asks /readyz. Starts with `onApplicationBootstrap`.
 */
export function readinessRounds(
  health: HealthRegistry,
  metrics: Metrics,
  everyMs = LOOK_EVERY_MS,
): Rounds {
  const ready = metrics.gauge('ready', '1: the process can serve, as /readyz says');
  const checkOk = metrics.gauge('health_check_ok', '1: what the check asks for works', ['check']);
  const look = async (): Promise<void> => {
    const readiness = await health.readiness();
    ready.set(Number(readiness.ready));
    checkOk.reset(); // One that is no longer there, such as that of the start, is not well or ill.
    for (const { name, ok } of readiness.checks) checkOk.set({ check: name }, Number(ok));
  };
  // `readiness` never rejects.
  return new Rounds({ duties: [look], onFault: () => undefined, everyMs });
}
