import { createHash, randomBytes } from 'node:crypto';
import { connect, isIP } from 'node:net';
import { type Connection, type SslOptions } from 'mysql2/promise';
import { type Secret } from '#kernel';
import { type Login } from './account.js';
import { type AlternatingAccounts } from './alternating-changer.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { driverFailure, type ServerDialect } from './driver-failure.js';
import { type ServerTls } from './server-tls.js';
import { assertInTime, CONNECT_MS_MAX, cutAtLimit, STATEMENT_MS_MAX } from './within-limit.js';

export interface MariadbPlace {
  readonly host: string;
  readonly port: number;
  /** Of every account that is changed, as in `'svc'@'%'`. */
  readonly accountHost: string;
  readonly tls: ServerTls | undefined;
}

const DIGEST_BYTES = 20;
/** For a server that takes the bytes and never answers; its own limit comes first. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 500;
const LIMITS = `SET SESSION max_statement_time = ${STATEMENT_MS_MAX / 1000}, lock_wait_timeout = ${STATEMENT_MS_MAX / 1000}`;

/**
 * Accounts of a MariaDB server, with mysql_native_password. Passwords go over as its digests, computed here: statements
 * are logged, and replicated. An account that is shut has a random digest, of no password that anybody knows; its open
 * sessions go on.
 */
export class MariadbAccounts implements AlternatingAccounts {
  readonly #dialect: ServerDialect;

  /** @throws ChangerSettingsRefused */
  constructor(private readonly place: MariadbPlace) {
    // The driver would compare the certificate with `localhost`.
    if (place.tls !== undefined && isIP(place.tls.serverName) !== 0) {
      throw new ChangerSettingsRefused(
        'rotation.change.host of a MariaDB is an address: give tls.serverName, the name in its certificate',
      );
    }
    this.#dialect = {
      where: `MariaDB at ${place.host}:${place.port}`,
      refusalOf,
      prefix: 'mariadb',
      isPassing: (code) => PASSING.has(code),
    };
  }

  setOnly(
    account: { readonly username: string; readonly password: Secret },
    by: Login,
    signal: AbortSignal,
  ): Promise<void> {
    const digest = nativeDigest(account.password);
    return this.#as(by, signal, async (connection) => {
      // An account needs no rights for its own password, but it does for ALTER USER.
      await run(
        connection,
        by.privileged
          ? `ALTER USER ${this.#name(account.username)} IDENTIFIED BY PASSWORD '${digest}'`
          : `SET PASSWORD = '${digest}'`,
      );
    });
  }

  shut(username: string, by: Login, signal: AbortSignal): Promise<void> {
    const digest = `*${randomBytes(DIGEST_BYTES).toString('hex').toUpperCase()}`;
    return this.#as(by, signal, async (connection) => {
      await run(
        connection,
        `ALTER USER ${this.#name(username)} IDENTIFIED BY PASSWORD '${digest}'`,
      );
    });
  }

  /** Quoted as an identifier: in there no character but the quote means anything, whatever sql_mode says. */
  #name(username: string): string {
    return `${identifier(username)}@${identifier(this.place.accountHost)}`;
  }

  async #as(
    by: Login,
    signal: AbortSignal,
    work: (connection: Connection) => Promise<void>,
  ): Promise<void> {
    let connection: Connection | undefined;
    try {
      connection = await this.#connection(by, signal);
      await run(connection, LIMITS);
      assertInTime(signal);
      await work(connection);
    } catch (error) {
      throw driverFailure(error, this.#dialect);
    } finally {
      connection?.destroy();
    }
  }

  async #connection(by: Login, signal: AbortSignal): Promise<Connection> {
    const { host, port, tls } = this.place;
    const { createConnection } = await import('mysql2/promise'); // Loaded when it is needed, as few rotators need it.
    assertInTime(signal);
    const socket = cutAtLimit(connect({ host, port }), signal);
    const connection = await createConnection({
      stream: socket,
      host: tls?.serverName ?? host, // Of the stream it is not the address any more, but the name in the certificate.
      user: by.username,
      password: by.password.reveal(),
      charset: 'utf8mb4',
      connectTimeout: CONNECT_MS_MAX,
      flags: ['-LOCAL_FILES'],
      ...(tls === undefined ? {} : { ssl: verifiedTls(tls) }),
    }).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    connection.on('error', () => undefined); // A farewell of the server: the statement fails too, and tells.
    return connection;
  }
}

/** A new object each time: the driver remembers TLS sessions by it, and one must not be resumed after another login. */
const verifiedTls = ({ ca }: ServerTls): SslOptions => ({
  rejectUnauthorized: true,
  verifyIdentity: true,
  minVersion: 'TLSv1.2',
  ...(ca === undefined ? {} : { ca }),
});

async function run(connection: Connection, sql: string): Promise<void> {
  await connection.query({ sql, timeout: ANSWER_MS_MAX });
}

const identifier = (text: string): string => `\`${text.replaceAll('`', '``')}\``;

/** What mysql_native_password stores: SHA-1 twice, in hexadecimal. */
function nativeDigest(password: Secret): string {
  const once = createHash('sha1').update(password.reveal()).digest();
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`;
}

/** The server's error number. Errors of the driver and of the network have no SQLSTATE. */
function refusalOf(error: unknown): string | undefined {
  const { errno, sqlState } = (error ?? {}) as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && typeof sqlState === 'string' && sqlState !== ''
    ? String(errno)
    : undefined;
}

/**
 * Too many connections (1040, 1203, 1226), shutting down (1053), waited too long for a lock (1205), deadlock (1213),
 * interrupted (1317), connection killed (1927), statement took too long (1969).
 */
const PASSING: ReadonlySet<string> = new Set([
  '1040',
  '1053',
  '1203',
  '1205',
  '1213',
  '1226',
  '1317',
  '1927',
  '1969',
]);
