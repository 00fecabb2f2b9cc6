import { pino, type Logger } from 'pino';
import { type LogLevel } from './settings.js';

export type { Logger };

/** What must never be in a line, whoever wrote it there: handles and JWTs. The last line of defence, not the first. */
const CONFIDENTIAL =
  /pst_[a-z0-9-]+_[0-9A-Za-z]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;

export const masked = (text: string): string => text.replace(CONFIDENTIAL, '[redacted]');

/** JSON lines on standard output. Errors are logged by name, code and message: no stack below `debug`. */
export function createLogger(name: string, level: LogLevel): Logger {
  const verbose = level === 'debug' || level === 'trace';
  return pino(
    {
      name,
      level,
      base: { name },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {
        err: (error: Error & { code?: unknown }) => ({
          type: error.name,
          code: error.code,
          message: error.message,
          ...(verbose ? { stack: error.stack } : {}),
        }),
      },
    },
    { write: (line: string) => void process.stdout.write(masked(line)) },
  );
}
