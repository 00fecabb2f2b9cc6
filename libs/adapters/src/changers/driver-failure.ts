import { ChangeRefused, TargetUnreachable } from '#rotation';

/** How one kind of server says no. */
export interface ServerDialect {
  /** For messages, such as `PostgreSQL at db.internal:5432`. */
  readonly where: string;
  /** The server's own code of a refusal; undefined: the error is not the server's answer. */
  readonly refusalOf: (error: unknown) => string | undefined;
  /** In the error class, before the code: `postgres_28P01`. */
  readonly prefix: string;
  /** Whether trying later may help: it is starting, busy, or gave up on a lock. */
  readonly isPassing: (code: string) => boolean;
}

const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/**
 * What a driver's error means, by its code alone and without it as a cause: its text and properties may hold the statement,
 * the account or what the server sent.
 */
export function driverFailure(error: unknown, dialect: ServerDialect): Error {
  if (error instanceof ChangeRefused || error instanceof TargetUnreachable) return error;
  const code = dialect.refusalOf(error);
  if (code === undefined) {
    return new TargetUnreachable(
      `${dialect.where} was not reached, or gave no answer: ${networkCode(error)}`,
    );
  }
  if (dialect.isPassing(code)) {
    return new TargetUnreachable(`${dialect.where} cannot do it now: ${code}`);
  }
  return new ChangeRefused(`${dialect.prefix}_${code}`, `${dialect.where} refuses: ${code}`);
}

/** Several addresses may have been tried: the first tells why. */
function networkCode(error: unknown): string {
  const one = error instanceof AggregateError ? (error.errors as unknown[])[0] : error;
  const code = (one as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && ERROR_CODE.test(code) ? code : 'no code';
}
