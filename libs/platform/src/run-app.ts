import { PosternError } from '#kernel';
import { type AppContext, makeContext, type RunningApp, type StartApp } from './app-context.js';
import { type AppName } from './app-name.js';
import { EXIT, exitCodeOf } from './exit-code.js';
import { createLogger, type Logger } from './logger.js';
import { masked } from './masked.js';
import { readinessRounds } from './readiness-metrics.js';
import { loadSettings, type Settings } from './settings.js';
import { StopSignals } from './stop-signals.js';
import { warnOfExceptions } from './warn-of-exceptions.js';

/**
 * Starts a process, and sees to its orderly end. When it cannot serve it says so in one line a problem on standard error
 * and ends with a code of sysexits.h: 78 for what is configured, 69 for a dependency that is gone, 70 for a fault.
 */
export async function runApp(name: AppName, start: StartApp): Promise<void> {
  let settings: Settings | undefined;
  const end = (error: unknown, code: number): never => {
    const stack = settings?.logLevel === 'debug' || settings?.logLevel === 'trace';
    for (const line of linesOf(error, stack)) {
      process.stderr.write(`postern ${name}: ${masked(line)}\n`);
    }
    return process.exit(code);
  };
  // After a fault nobody knows what state the process is in, so it does not decide anything any more.
  const fault = (error: unknown): never => end(error, EXIT.internal);
  process.on('uncaughtException', fault).on('unhandledRejection', fault);
  try {
    settings = loadSettings(process.env);
    const log = createLogger({ name, level: settings.logLevel, format: formatFor(name) });
    await serve(name, settings, { log, start });
  } catch (error) {
    end(error, exitCodeOf(error));
  }
}

/** Returns when the process serves; from then on signals end it. */
async function serve(
  name: AppName,
  settings: Settings,
  { log, start }: { readonly log: Logger; readonly start: StartApp },
): Promise<void> {
  const context = makeContext(name, settings, log);
  const signals = new StopSignals(log, hangUpOf(context));
  warnOfTraces(log);
  warnOfExceptions(context);
  const running: RunningApp = await start(context);
  const readiness = readinessRounds(context.health, context.metrics);
  if (!signals.stopping) {
    context.health.enter('serving');
    readiness.onApplicationBootstrap();
    process.stdout.write(`postern ${name} ready on ${running.serves}\n`);
  }
  signals.stopBy(async (deadlineMs) => {
    context.health.enter('stopping');
    await readiness.onApplicationShutdown();
    await running.stop(deadlineMs);
  });
}

/** A lost terminal ends what was started from it; elsewhere SIGHUP asks to read certificates anew, where there are any. */
function hangUpOf({ config, certificates }: AppContext): (() => void) | undefined {
  const { listen } = config;
  const hasTls = listen.public.tls !== undefined || listen.admin.tls !== undefined;
  if (!hasTls || process.stdin.isTTY || process.stdout.isTTY) return undefined;
  return () => void certificates.reload();
}

const formatFor = (name: AppName): 'json' | 'readable' =>
  name === 'standalone' && process.stdout.isTTY ? 'readable' : 'json';

function warnOfTraces(log: Logger): void {
  if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined) return;
  log.warn('OTEL_EXPORTER_OTLP_ENDPOINT is set: traces are not available in this version');
}

/** What Postern refuses on purpose has a line a problem; of a fault the first line tells enough, and its stack to debug. */
function linesOf(error: unknown, stack: boolean): readonly string[] {
  if (!(error instanceof Error)) return ['unknown failure'];
  if (error instanceof PosternError) return error.message.split('\n');
  if (stack) return (error.stack ?? error.message).split('\n');
  return [`internal error: ${error.message.split('\n', 1)[0] ?? ''} (LOG_LEVEL=debug tells more)`];
}
