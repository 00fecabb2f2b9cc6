import { Socket } from 'node:net';
import pg from 'pg';
import { ChangeRefused } from '#rotation';
import { type Account, type Login } from './account.js';
import { driverFailure, type ServerDialect } from './driver-failure.js';
import { type AlternatingAccounts } from './alternating-changer.js';
import { ITERATIONS_DEFAULT, ITERATIONS_MAX, scramVerifier } from './scram-verifier.js';
import { type ServerTls, tlsOptions } from './server-tls.js';
import { assertInTime, CONNECT_MS_MAX, cutAtLimit, STATEMENT_MS_MAX } from './within-limit.js';

export interface PostgresPlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tls: ServerTls | undefined;
}

/** NAMEDATALEN - 1: what is longer is cut off, and names another role. */
const NAME_BYTES_MAX = 63;
/** For a server that takes the bytes and never answers; its own limit comes first. */
const ANSWER_MS_MAX = STATEMENT_MS_MAX + 500;

/**
 * Roles of a PostgreSQL server. Passwords go over as SCRAM-SHA-256 verifiers computed here: statements are logged, and
 * replicated. A role that is shut has no password (`PASSWORD NULL`); its open sessions go on.
 */
export class PostgresAccounts implements AlternatingAccounts {
  readonly #dialect: ServerDialect;

  constructor(private readonly place: PostgresPlace) {
    this.#dialect = {
      where: `PostgreSQL at ${place.host}:${place.port}`,
      refusalOf,
      prefix: 'postgres',
      isPassing,
    };
  }

  setOnly(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.#as(by, signal, async (client) => {
      const verifier = await scramVerifier(account.password, await iterationsOf(client));
      assertInTime(signal);
      await client.query(`ALTER ROLE ${roleName(account)} PASSWORD ${pg.escapeLiteral(verifier)}`);
    });
  }

  shut(username: string, by: Login, signal: AbortSignal): Promise<void> {
    return this.#as(by, signal, async (client) => {
      assertInTime(signal);
      await client.query(`ALTER ROLE ${roleName({ username })} PASSWORD NULL`);
    });
  }

  async #as(
    by: Login,
    signal: AbortSignal,
    work: (client: pg.Client) => Promise<void>,
  ): Promise<void> {
    const client = this.#client(by, signal);
    try {
      await client.connect();
      await work(client);
    } catch (error) {
      throw driverFailure(error, this.#dialect);
    } finally {
      client.end().catch(() => undefined);
    }
  }

  #client(by: Login, signal: AbortSignal): pg.Client {
    const { host, port, database, tls } = this.place;
    const client = new pg.Client({
      host,
      port,
      database,
      user: by.username,
      password: by.password.reveal(),
      ssl: tls === undefined ? false : tlsOptions(tls),
      application_name: 'postern-rotator',
      stream: () => cutAtLimit(new Socket(), signal),
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      lock_timeout: STATEMENT_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
    });
    client.on('error', () => undefined); // A farewell of the server: the statement fails too, and tells.
    return client;
  }
}

/** @throws ChangeRefused */
function roleName({ username }: Pick<Account, 'username'>): string {
  if (Buffer.byteLength(username) > NAME_BYTES_MAX) {
    throw new ChangeRefused(
      'username_unusable',
      `the user name is longer than the ${NAME_BYTES_MAX} bytes of a role of PostgreSQL`,
    );
  }
  return pg.escapeIdentifier(username);
}

/**
 * How often clients have to hash, as the server is set. One that stores MD5 digests has clients that cannot log in with
 * anything else.
 */
async function iterationsOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ encryption: string; iterations: string | null }>(
    `SELECT current_setting('password_encryption') AS encryption, current_setting('scram_iterations', true) AS iterations`,
  );
  const [{ encryption, iterations } = { encryption: '', iterations: null }] = rows;
  if (encryption !== 'scram-sha-256') {
    throw new ChangeRefused(
      'password_encryption',
      'the server stores no SCRAM-SHA-256 verifiers: set password_encryption = scram-sha-256',
    );
  }
  const asked = Number(iterations ?? ITERATIONS_DEFAULT);
  return Math.min(Math.max(asked, ITERATIONS_DEFAULT), ITERATIONS_MAX);
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** What the server said, as opposed to the five letters of Node's EPIPE. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  return error.code !== undefined && SQLSTATE.test(error.code) ? error.code : undefined;
}

/** SQLSTATE (PostgreSQL manual, appendix A): no resources, in another state, cancelled or shutting down, system error. */
const isPassing = (code: string): boolean =>
  ['53', '57', '58', '08'].includes(code.slice(0, 2)) || ['55P03', '40001', '40P01'].includes(code);
