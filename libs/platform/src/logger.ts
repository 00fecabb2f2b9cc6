import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Logger, pino } from 'pino';
import { masked } from './masked.js';
import { readableLine } from './readable-line.js';
import { type LogLevel } from './settings.js';

export type { Logger };

export interface LoggerOptions {
  readonly name: string;
  readonly level: LogLevel;
  /** `readable` is for a person at a terminal. Default `json`: one object a line. */
  readonly format?: 'json' | 'readable';
  /** Default: standard output. */
  readonly write?: (line: string) => void;
}

/** Where handles, tokens and secrets travel. What stands there is not written, whoever logs it. */
const CONFIDENTIAL_FIELDS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'dpop',
  'password',
  'secret',
  'token',
  'handle',
  'access_token',
  'subject_token',
  'actor_token',
  'client_assertion',
  'headers',
  'rawHeaders',
  'body',
];
const REDACTED_PATHS = CONFIDENTIAL_FIELDS.flatMap((field) => [
  `["${field}"]`,
  `*["${field}"]`,
  `*.*["${field}"]`,
]);

/**
 * Lines for operators. Errors are told by name, code and message, with the stack from `debug` on only; requests by
 * method and path without query. Handles and JWTs are masked wherever they stand.
 */
export function createLogger({ name, level, format, write }: LoggerOptions): Logger {
  const verbose = level === 'debug' || level === 'trace';
  const out = write ?? ((line: string) => void process.stdout.write(line));
  const shape = format === 'readable' ? readableLine : (line: string): string => line;
  return pino(
    {
      level,
      base: { name },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
      serializers: {
        err: (error: unknown) => toldError(error, verbose),
        error: (error: unknown) => toldError(error, verbose),
        req: toldRequest,
        request: toldRequest,
        res: toldResponse,
        response: toldResponse,
      },
    },
    { write: (line: string) => out(masked(shape(line))) },
  );
}

function toldError(error: unknown, verbose: boolean): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    ...(verbose ? { stack: error.stack } : {}),
  };
}

const toldRequest = ({ method, url }: Partial<IncomingMessage>): object => ({
  method,
  path: url?.split('?', 1)[0],
});

const toldResponse = ({ statusCode }: Partial<ServerResponse>): object => ({ status: statusCode });
