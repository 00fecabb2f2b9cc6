import { DependencyUnavailable } from '#kernel';

/** Where a database is, for messages: what a URL says without its password. */
export interface PostgresLocation {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const DEFAULT_PORT = 5432;
const SHAPE = 'postgres://user:password@host:port/database';

/** @throws DependencyUnavailable when it is no PostgreSQL URL. The message never repeats the URL. */
export function locationOf(url: string): PostgresLocation {
  if (!URL.canParse(url)) {
    throw new DependencyUnavailable(
      'postgresql',
      `the database URL cannot be read; write ${SHAPE}`,
    );
  }
  const { protocol, hostname, port, pathname, username } = new URL(url);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') {
    throw new DependencyUnavailable(
      'postgresql',
      `the database URL begins with ${protocol}//; write ${SHAPE}`,
    );
  }
  return {
    host: hostname === '' ? 'localhost' : hostname,
    port: port === '' ? DEFAULT_PORT : Number(port),
    database: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : username,
    user: decodeURIComponent(username),
  };
}

export const locationText = (location: PostgresLocation): string =>
  `host ${location.host}, port ${location.port}, database "${location.database}", user "${location.user}"`;
