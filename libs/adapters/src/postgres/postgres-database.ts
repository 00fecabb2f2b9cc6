import pg from 'pg';
import { type DataSource, type EntityTarget, type ObjectLiteral, type Repository } from 'typeorm';
import { DependencyUnavailable } from '#kernel';
import {
  connectionOver,
  type PostgresConnection,
  type PostgresSession,
  runStatement,
  type Statement,
  type StatementOptions,
} from './postgres-connection.js';
import { endsSession, failureOf, isCollision } from './postgres-failure.js';
import { locationOf, type PostgresLocation } from './postgres-location.js';
import { sessionOver } from './postgres-session.js';

export interface PostgresConnectOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Most connections at once; default 10. Dedicated sessions come on top. */
  readonly poolSize?: number;
}

const POOL_SIZE_DEFAULT = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
// The server answers within its own limit; this one is for a server that takes the bytes and never answers.
const ANSWER_TIMEOUT_MS = 12_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;
const COLLISION_ATTEMPTS_MAX = 4;

// Every statement of ours finds few rows, by an index. A plan that was made while a table was still empty, and is kept
// for a prepared statement, must not become a scan of the whole table when it has grown.
const PLANNER = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

const SESSION_LIMITS = {
  options: PLANNER,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  query_timeout: ANSWER_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  keepAlive: true,
};

/**
 * One PostgreSQL database, reached through a pool. Hot statements are prepared and go to the pool directly; repositories
 * of TypeORM, over the same pool, serve what is not hot. May be used at once by many.
 */
export class PostgresDatabase {
  private entities: Promise<DataSource> | undefined;
  private ending: Promise<void> | undefined;

  private constructor(
    private readonly pool: pg.Pool,
    private readonly options: PostgresConnectOptions,
    readonly location: PostgresLocation,
  ) {}

  /** @throws DependencyUnavailable that names host, port, database and the reason, never the password. */
  static async connect(options: PostgresConnectOptions): Promise<PostgresDatabase> {
    const location = locationOf(options.url);
    const pool = new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.poolSize ?? POOL_SIZE_DEFAULT,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...SESSION_LIMITS,
    });
    // A broken idle connection is dropped by the pool, and the next statement opens another: nothing to report.
    pool.on('error', () => undefined);
    pool.on('acquire', surviveFarewell);
    try {
      (await pool.connect()).release();
    } catch (error) {
      await pool.end();
      throw failureOf(error, location);
    }
    return new PostgresDatabase(pool, options, location);
  }

  /**
   * One statement, one round trip. With a name it is prepared, once a connection. Tried again after a collision, as
   * `transaction` is. See PostgresConnection.query.
   */
  query<Row extends object>(
    text: string,
    values: readonly unknown[] = [],
    options: StatementOptions = {},
  ): Promise<Row[]> {
    return untilNoCollision(() =>
      this.single<Row>({ text, values, name: options.name, answerMs: options.answerMs }),
    );
  }

  /**
   * Commits when `work` resolves, rolls back when it rejects. After a deadlock or a serialization failure `work` is
   * run again, at most 4 times in all: it must have no effect outside of the connection.
   */
  transaction<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    return untilNoCollision(() => this.attempt(work));
  }

  /**
   * A session of its own outside of the pool, for advisory locks. The caller closes it. The server ends it when it hears
   * nothing of it for `idleTimeoutMs`, if that is given.
   */
  async dedicated(limits: { readonly idleTimeoutMs?: number } = {}): Promise<PostgresSession> {
    const { idleTimeoutMs } = limits;
    const idle = idleTimeoutMs === undefined ? '' : ` -c idle_session_timeout=${idleTimeoutMs}`;
    const client = new pg.Client({
      connectionString: this.options.url,
      application_name: this.options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...SESSION_LIMITS,
      options: PLANNER + idle,
    });
    return sessionOver(client, this.location);
  }

  /** Resolves when the server answers. @throws DependencyUnavailable */
  async ping(): Promise<void> {
    await this.query('select 1', [], { name: 'ping' });
  }

  /** For what is not hot: TypeORM's repository of the entity. */
  async repository<Entity extends ObjectLiteral, T>(
    entity: EntityTarget<Entity>,
    work: (rows: Repository<Entity>) => Promise<T>,
  ): Promise<T> {
    try {
      this.entities ??= openEntities(this.pool);
      return await work((await this.entities).getRepository(entity));
    } catch (error) {
      throw failureOf(error, this.location);
    }
  }

  async close(): Promise<void> {
    this.ending ??= this.pool.end();
    await this.ending;
  }

  private async single<Row extends object>(statement: Statement): Promise<Row[]> {
    const client = await this.checkOut();
    try {
      const rows = await runStatement<Row>(client, statement);
      client.release();
      return rows;
    } catch (error) {
      client.release(endsSession(error));
      throw failureOf(error, this.location);
    }
  }

  private async checkOut(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw failureOf(error, this.location);
    }
  }

  private async attempt<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const client = await this.checkOut();
    const connection = connectionOver(client, this.location);
    let finished = false;
    try {
      await connection.query('begin');
      const result = await work(connection);
      await connection.query('commit');
      finished = true;
      return result;
    } finally {
      if (!finished) finished = await rolledBack(connection);
      client.release(!finished);
    }
  }
}

/** It is loaded when it is first asked for: a process would wait for it longer than for anything else before it is ready. */
async function openEntities(pool: pg.Pool): Promise<DataSource> {
  const { entitiesOver } = await import('./entities-over.js');
  return entitiesOver(pool);
}

const guarded = new WeakSet<pg.PoolClient>();

/**
 * The pool listens to errors of idle connections only. One that is ended by the server after it was handed out, and
 * before it got its statement, emits an error that nobody hears, and that ends the process. The statement fails then
 * too, and tells its caller.
 */
function surviveFarewell(client: pg.PoolClient): void {
  if (guarded.has(client)) return;
  guarded.add(client);
  client.on('error', () => undefined);
}

async function untilNoCollision<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!collided(error) || attempt === COLLISION_ATTEMPTS_MAX) throw error;
    }
  }
}

/** Whether the session is clean again; when not, it must not go back into the pool. */
const rolledBack = (connection: PostgresConnection): Promise<boolean> =>
  connection.query('rollback').then(
    () => true,
    () => false,
  );

const collided = (error: unknown): boolean =>
  isCollision(error) || (error instanceof DependencyUnavailable && isCollision(error.cause));
