import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DependencyUnavailable } from '#kernel';
import { isAlive } from './folder-owner.js';
import { type ServerAccount } from './server-account.js';

export const SUPERUSER = 'postern';
export const LOOPBACK = '127.0.0.1';
const START_ATTEMPTS_MAX = 3;
const POLL_MS = 10;
const START_TIMEOUT_MS = 60_000; // Recovery after a crash may take long.
const STOP_TIMEOUT_MS = 30_000;
const LOG_TAIL_CHARACTERS = 1_500;

/** What it takes to run one server. */
export interface ServerPlan {
  /** Folder with `initdb` and `postgres`. */
  readonly binaries: string;
  /** Holds `data`, the log, the password file. */
  readonly location: string;
  readonly account: ServerAccount | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

export const dataFolder = (location: string): string => path.join(location, 'data');

/** Makes the data directory, as a whole or not at all. */
export async function initialise(plan: ServerPlan, password: string): Promise<void> {
  const unfinished = path.join(plan.location, 'data.new');
  const passwordFile = path.join(plan.location, 'password.new');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (plan.account !== undefined) {
    await chown(unfinished, plan.account.uid, plan.account.gid);
    await chown(passwordFile, plan.account.uid, plan.account.gid);
  }
  try {
    await promisify(execFile)(
      path.join(plan.binaries, 'initdb'),
      [
        `--pgdata=${unfinished}`,
        '--auth=scram-sha-256',
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--data-checksums',
        '--no-instructions',
      ],
      { ...plan.account, cwd: '/', env: serverEnvironment() },
    );
  } catch (cause) {
    throw new DependencyUnavailable(
      'postgresql',
      `initdb failed in ${plan.location}: ${lastWords((cause as { stderr?: string }).stderr ?? '')}`,
      { cause },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, dataFolder(plan.location));
}

/** Starts the server on a free loopback port and waits until it is ready. */
export async function startServer(plan: ServerPlan): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = await attemptStart(plan, port);
    if (server !== undefined) return server;
    const log = await readLog(plan.location);
    // Someone took the port in between: choose another.
    if (log.includes('could not bind') && attempt < START_ATTEMPTS_MAX) continue;
    throw new DependencyUnavailable(
      'postgresql',
      `the embedded PostgreSQL in ${plan.location} did not start: ${lastWords(log)}`,
    );
  }
}

async function attemptStart(plan: ServerPlan, port: number): Promise<RunningServer | undefined> {
  const child = launch(plan, port);
  let ended = child.pid === undefined;
  child.once('error', () => (ended = true));
  child.once('exit', () => (ended = true));
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
    if (ended) return undefined;
    const server = await readyServer(plan.location);
    if (server?.pid === child.pid) return server;
    await pause(POLL_MS);
  }
  child.kill('SIGQUIT');
  return undefined;
}

/**
 * In a process group of its own, so that a Ctrl-C in the terminal reaches us and not the server: it has to outlive
 * our last write.
 */
function launch(plan: ServerPlan, port: number): ChildProcess {
  const log = openSync(path.join(plan.location, 'server.log'), 'w', 0o600);
  const settings = {
    port: String(port),
    listen_addresses: LOOPBACK,
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    log_checkpoints: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...plan.settings,
  };
  try {
    const child = spawn(
      path.join(plan.binaries, 'postgres'),
      [
        '-D',
        dataFolder(plan.location),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      {
        ...plan.account,
        cwd: '/',
        env: serverEnvironment(),
        detached: true,
        stdio: ['ignore', log, log],
      },
    );
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The server's own file says who it is, and since version 10 whether it is ready (its eighth line). */
export async function readyServer(location: string): Promise<RunningServer | undefined> {
  const server = await recordedServer(location);
  return server?.state === 'ready' ? { pid: server.pid, port: server.port } : undefined;
}

/** A server that `postmaster.pid` names and whose process lives; it need not be ready, nor ours. */
export async function recordedServer(
  location: string,
): Promise<(RunningServer & { state: string }) | undefined> {
  const file = path.join(dataFolder(location), 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  if (!isAlive(pid)) return undefined;
  return { pid, port: Number(lines[3]), state: (lines[7] ?? '').trim() };
}

/** Ends the server: sessions are cut, nothing that was committed is lost (a "fast" shutdown). */
export async function stopServer({ pid }: RunningServer): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS && isAlive(pid); waitedMs += POLL_MS) {
      await pause(POLL_MS);
    }
  }
  if (isAlive(pid)) {
    throw new DependencyUnavailable('postgresql', `the server with process id ${pid} did not stop`);
  }
}

/** Nothing of ours is in it: the server has no use for our secrets. */
const serverEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  TZ: 'UTC',
});

const readLog = (location: string): Promise<string> =>
  readFile(path.join(location, 'server.log'), 'utf8').catch(() => '');

const lastWords = (log: string): string =>
  log.trim().slice(-LOG_TAIL_CHARACTERS) || 'it said nothing';

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, LOOPBACK, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
