import { type Clock, PosternError, SystemClock } from '#kernel';
import { HealthRegistry } from './health.js';
import { loadConfig } from './load-config.js';
import { createLogger, type Logger, masked } from './logger.js';
import { Metrics } from './metrics.js';
import { type PosternConfig } from './postern-config.js';
import { loadSettings, type Settings } from './settings.js';

export type AppName = 'sts' | 'proxy' | 'control' | 'relay' | 'standalone';

/** What every process has when it starts. */
export interface AppContext {
  readonly name: AppName;
  readonly config: PosternConfig;
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly health: HealthRegistry;
  readonly metrics: Metrics;
}

export interface RunningApp {
  /** Where it serves, for the line that says so. */
  readonly serves: string;
  /** Stops taking work, finishes what is in flight within the deadline, lets go of everything. */
  stop(deadlineMs: number): Promise<void>;
}

const SHUTDOWN_MS = 15_000;
/** Of sysexits.h: what went wrong, for supervisors. */
const EXIT = { unavailable: 69, internal: 70, config: 78 } as const;

/** Starts a process, and sees to its orderly end. Ends with a line and a code of sysexits.h when it cannot serve. */
export async function runApp(
  name: AppName,
  start: (context: AppContext) => Promise<RunningApp>,
): Promise<void> {
  let log: Logger | undefined;
  const fatal = (error: unknown): never => {
    for (const line of linesOf(error)) process.stderr.write(`postern ${name}: ${masked(line)}\n`);
    log?.debug({ err: error }, 'the process ends');
    return process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', fatal).on('unhandledRejection', fatal);
  try {
    const settings = loadSettings(process.env);
    log = createLogger(name, settings.logLevel);
    const context = contextOf(name, settings, log);
    const running = await start(context);
    context.health.enter('serving');
    stopOnSignal(context, running);
    process.stdout.write(`postern ${name} ready: ${running.serves}\n`);
  } catch (error) {
    fatal(error);
  }
}

function contextOf(name: AppName, settings: Settings, log: Logger): AppContext {
  const metrics = new Metrics();
  metrics.collectProcess();
  return {
    name,
    config: loadConfig(settings.configFile),
    settings,
    log,
    clock: new SystemClock(),
    health: new HealthRegistry(),
    metrics,
  };
}

function stopOnSignal({ health, log }: AppContext, running: RunningApp): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT.internal); // The second signal: whoever sends it does not want to wait.
    stopping = true;
    health.enter('stopping');
    log.info({ signal }, 'stopping');
    running.stop(SHUTDOWN_MS).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the orderly end failed');
        process.exit(EXIT.internal);
      },
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof Error) return error.message.split('\n');
  return ['unknown failure'];
}

/** Codes say what kind of trouble it is: what the operator must correct, or what is away for now. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof PosternError)) return EXIT.internal;
  if (/-(?:error|invalid|refused|unreadable|unusable)$/.test(error.code)) return EXIT.config;
  return error.code.endsWith('-unavailable') ? EXIT.unavailable : EXIT.internal;
}
