import { DependencyUnavailable } from '#kernel';
import { locationText, type PostgresLocation } from './postgres-location.js';

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve just now',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

/** SQLSTATE (PostgreSQL manual, appendix A): the states in which trying again later may help. */
const STATE_REASONS: Readonly<Record<string, string>> = {
  '28P01': 'wrong user or password',
  '28000': 'the server does not let this user in (pg_hba.conf, or the role may not log in)',
  '3D000': 'there is no such database',
  '25006': 'the server is read-only, a standby perhaps',
  '40001': 'transactions kept colliding',
  '40P01': 'transactions kept blocking each other',
  '55P03': 'a lock was not free in time',
  '57014': 'the statement took too long and was cancelled',
  '57P01': 'the server is shutting down or ended our session',
  '57P02': 'the server crashed',
  '57P03': 'the server is starting up or shutting down',
  '53300': 'the server has no connection left',
};

const UNAVAILABLE_CLASSES = new Set(['08', '53', '57', '58']);

/** What pg throws without a code. */
const UNCODED_REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^timeout exceeded when trying to connect/, 'no connection was free or made in time'],
  [/^Query read timeout/, 'no answer in time'],
  [/timeout expired/, 'no answer in time'],
  [/^Connection terminated/, 'the connection was cut'],
  [/is not queryable|connection error/, 'the connection was cut'],
  [
    /after calling end on the pool|Client was closed|Driver not Connected/,
    'our connections to it are closed',
  ],
  [/SASL|SCRAM|client password/, 'wrong or missing password'],
  [/does not support SSL/, 'the server does not speak TLS'],
  [/certificate/i, 'its TLS certificate is not trusted'],
];

/** The five characters of PostgreSQL's SQLSTATE, or Node's code, when the error has one. */
export function codeOf(error: unknown): string | undefined {
  const code = propertyOf(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

// No instanceof: errors of Node's core and ours need not share one Error class (vm contexts).
const propertyOf = (error: unknown, name: 'code' | 'message'): unknown =>
  typeof error === 'object' && error !== null
    ? (error as Partial<Record<typeof name, unknown>>)[name]
    : undefined;

function reasonOf(error: unknown): string | undefined {
  const code = codeOf(error);
  if (code !== undefined) {
    const known = NETWORK_REASONS[code] ?? STATE_REASONS[code];
    if (known !== undefined) return known;
    if (code.length === 5 && UNAVAILABLE_CLASSES.has(code.slice(0, 2))) return `SQLSTATE ${code}`;
  }
  const message = propertyOf(error, 'message');
  if (typeof message !== 'string') return undefined;
  return UNCODED_REASONS.find(([pattern]) => pattern.test(message))?.[1];
}

/** True when the session is of no use any more: a network error or the server's farewell. */
export function endsSession(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return reasonOf(error) !== undefined;
  return code in NETWORK_REASONS || code.startsWith('08') || code.startsWith('57P');
}

/** True when the same transaction may succeed when it is run again: a deadlock or a serialization failure. */
export const isCollision = (error: unknown): boolean =>
  ['40001', '40P01'].includes(codeOf(error) ?? '');

/** True when the server cancelled a statement for the time that it took. Of what failureOf() made as well. */
export const tookTooLong = (error: unknown): boolean =>
  codeOf(error) === '57014' || (error instanceof DependencyUnavailable && tookTooLong(error.cause));

/** DependencyUnavailable when the server could not do it now; the error itself when the statement was wrong. */
export function failureOf(error: unknown, location: PostgresLocation): unknown {
  const reason = reasonOf(error);
  if (reason === undefined) return error;
  const message = `PostgreSQL at ${locationText(location)}: ${reason}`;
  return new DependencyUnavailable('postgresql', message, { cause: error });
}
