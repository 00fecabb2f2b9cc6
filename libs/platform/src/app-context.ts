import { type Clock, SystemClock } from '#kernel';
import { type AppName } from './app-name.js';
import { HealthRegistry } from './health.js';
import { ListenerCertificates } from './listener-certificates.js';
import { loadConfig } from './load-config.js';
import { type Logger } from './logger.js';
import { Metrics } from './metrics.js';
import { type PosternConfig } from './postern-config.js';
import { type Settings } from './settings.js';

/** What every process has when it starts. */
export interface AppContext {
  readonly name: AppName;
  /** `listen` is what this process listens on. */
  readonly config: PosternConfig;
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly health: HealthRegistry;
  readonly metrics: Metrics;
  readonly certificates: ListenerCertificates;
}

export interface RunningApp {
  /** Where it serves, for the line that says so. */
  readonly serves: string;
  /** Stops taking work, finishes what is in flight within the deadline, lets go of everything. */
  stop(deadlineMs: number): Promise<void>;
}

/** Starts what the process is made of. When it rejects, it has let go of what it had. */
export type StartApp = (context: AppContext) => Promise<RunningApp>;

/** @throws ConfigError */
export function makeContext(name: AppName, settings: Settings, log: Logger): AppContext {
  const metrics = new Metrics();
  metrics.collectProcess();
  const [clock, health] = [new SystemClock(), new HealthRegistry()];
  return {
    name,
    config: loadConfig(settings.configFile, name),
    settings,
    log,
    clock,
    health,
    metrics,
    certificates: new ListenerCertificates({ clock, log, health, metrics }),
  };
}
