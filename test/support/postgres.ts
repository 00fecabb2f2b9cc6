import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedPostgres } from '#adapters/embedded';
import { migrate, PostgresDatabase } from '#adapters/postgres';

/** PostgreSQL major versions that the contracts run on. */
export type PostgresMajor = 15 | 18;
export type PosternRole =
  | 'postern_sts'
  | 'postern_proxy'
  | 'postern_control'
  | 'postern_relay'
  | 'postern_rotator'
  | 'postern_sentinel';

/** A database of its own on a real server, migrated. */
export interface TestDatabase {
  /** As the owner. */
  readonly url: string;
  readonly database: PostgresDatabase;
  /** As a login user that has the rights of that one role. */
  urlAs(role: PosternRole): Promise<string>;
  /**
   * Deletes all that is in these tables. For the few rows of a test that is far less work than `truncate`, which makes the
   * files of each partition and of each of its indexes anew.
   */
  empty(...tables: readonly string[]): Promise<void>;
  drop(): Promise<void>;
}

/** To make and to drop a database the server waits for a disk that others write to. */
const PATIENT = { answerMs: 120_000 };
const VARIABLES = {
  15: 'POSTERN_TEST_POSTGRES_15_URL',
  18: 'POSTERN_TEST_POSTGRES_18_URL',
} as const;
/** Names of a migrated database of this run, which the suites' own are copied from. */
const TEMPLATES = {
  15: 'POSTERN_TEST_POSTGRES_15_TEMPLATE',
  18: 'POSTERN_TEST_POSTGRES_18_TEMPLATE',
} as const;
const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

const started: EmbeddedPostgres[] = [];
const templates: { readonly serverUrl: string; readonly name: string }[] = [];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts the servers that this machine can give and resolves to the environment variables that tell the suites of
 * them: DATABASE_URL when it is set, else the npm package's PostgreSQL 18; and Debian's PostgreSQL 15.
 */
export async function startPostgresServers(): Promise<Record<string, string>> {
  const [eighteen, fifteen] = await Promise.all([
    process.env['DATABASE_URL'] ?? startServer(18, undefined),
    existsSync(path.join(DEBIAN_15, 'initdb')) ? startServer(15, DEBIAN_15) : undefined,
  ]);
  if (process.env['DATABASE_URL'] !== undefined) say('postgres-18: the server of DATABASE_URL');
  if (fifteen === undefined)
    say(`postgres-15: none (no ${DEBIAN_15}; apt-get install postgresql-15)`);
  return { ...(await environmentOf(18, eighteen)), ...(await environmentOf(15, fifteen)) };
}

async function environmentOf(
  major: PostgresMajor,
  serverUrl: string | undefined,
): Promise<Record<string, string>> {
  if (serverUrl === undefined) return {};
  const name = await createDatabase(serverUrl);
  await migrate(urlWith(serverUrl, { database: name }));
  templates.push({ serverUrl, name });
  return { [VARIABLES[major]]: serverUrl, [TEMPLATES[major]]: name };
}

export async function stopPostgresServers(): Promise<void> {
  for (const { serverUrl, name } of templates.splice(0)) {
    // The server may be gone: another run that shares it has stopped it.
    await dropDatabase(serverUrl, name).catch(() => undefined);
  }
  await Promise.all(started.splice(0).map((server) => server.stop()));
}

async function startServer(
  major: PostgresMajor,
  binaries: string | undefined,
): Promise<string | undefined> {
  const folder = path.resolve('.test-servers', `postgres-${major}`);
  await mkdir(path.dirname(folder), { recursive: true, mode: 0o755 });
  const start = EmbeddedPostgres.start({
    folder,
    onProgress: () => undefined,
    adopt: true, // Another run in this folder has them: its databases are not ours, its servers may be shared.
    ...(binaries === undefined ? {} : { binaries }),
    // What is in it need not outlive the machine; a process that is killed loses nothing by it.
    settings: { max_connections: '300', fsync: 'off', full_page_writes: 'off' },
  });
  return start.then(
    (server) => {
      started.push(server);
      say(`postgres-${major}: started in ${folder}`);
      return server.url;
    },
    (error: unknown) => {
      say(`postgres-${major}: none (${error instanceof Error ? error.message : String(error)})`);
      return undefined;
    },
  );
}

/** A fresh, migrated database; undefined when there is no such server. The suite drops it. */
export async function testPostgres(major: PostgresMajor = 18): Promise<TestDatabase | undefined> {
  const serverUrl = process.env[VARIABLES[major]];
  if (serverUrl === undefined || serverUrl === '') return undefined;
  const template = process.env[TEMPLATES[major]];
  const name = await createDatabase(serverUrl, template);
  const url = urlWith(serverUrl, { database: name });
  if (template === undefined) await migrate(url);
  const database = await PostgresDatabase.connect({ url, applicationName: 'postern-test' });
  return {
    url,
    database,
    urlAs: (role) => loginAs(serverUrl, name, role),
    empty: async (...tables) => {
      await database.query(tables.map((table) => `delete from ${table}`).join(';\n'));
    },
    drop: async () => {
      await database.close();
      await dropDatabase(serverUrl, name);
    },
  };
}

/** Resolves to its name. A copy of the template has what its migrations made. */
async function createDatabase(serverUrl: string, template = 'template1'): Promise<string> {
  const name = `postern_test_${randomBytes(6).toString('hex')}`;
  await withServer(serverUrl, (server) =>
    server.query(`create database ${name} template ${template}`, [], PATIENT),
  );
  return name;
}

async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await withServer(serverUrl, (server) =>
    server.query(`drop database ${name} with (force)`, [], PATIENT),
  );
}

async function loginAs(serverUrl: string, database: string, role: PosternRole): Promise<string> {
  const user = `${role}_test`;
  // The users are the server's, shared by all test files: their password has to be the same in each.
  const password = createHash('sha256').update(`${serverUrl} ${user}`).digest('base64url');
  await withServer(serverUrl, (server) =>
    server.query(`
      do $$
      begin
        perform pg_advisory_xact_lock(1886352244, 300);
        if not exists (select from pg_roles where rolname = '${user}') then
          create role ${user} login in role ${role};
        end if;
        execute 'alter role ${user} password ''${password}''';
      end
      $$`),
  );
  return urlWith(serverUrl, { database, user, password });
}

async function withServer<T>(
  url: string,
  work: (server: PostgresDatabase) => Promise<T>,
): Promise<T> {
  const server = await PostgresDatabase.connect({
    url,
    applicationName: 'postern-test-support',
    poolSize: 1,
  });
  try {
    await server.query('set statement_timeout = 0');
    return await work(server);
  } finally {
    await server.close();
  }
}

function urlWith(
  serverUrl: string,
  change: { database: string; user?: string; password?: string },
): string {
  const url = new URL(serverUrl);
  url.pathname = `/${change.database}`;
  if (change.user !== undefined) url.username = change.user;
  if (change.password !== undefined) url.password = change.password;
  return url.href;
}
