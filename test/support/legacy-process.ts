import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

const START_ATTEMPTS_MAX = 3;
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 5_000;
const LOG_TAIL_CHARACTERS = 1_000;
/** Ends the server when the process that started it ends, however that comes about. */
const SETPRIV = '/usr/bin/setpriv';
const WITH_PARENT = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];

/** A login that a legacy server takes. */
export interface LegacyAccount {
  readonly username: string;
  readonly password: string;
}

export interface LegacyPlan {
  /** For messages. */
  readonly name: string;
  /** Removed when it is stopped. Its file `log` takes what the server prints. */
  readonly folder: string;
  /** File, then arguments. */
  readonly command: (port: number) => readonly string[];
  /** Whether it takes logins at that port. */
  readonly isReady: (port: number) => Promise<boolean>;
}

/** A server as an ordinary child process on a free loopback port, with a folder of its own. */
export class LegacyProcess {
  private constructor(
    readonly port: number,
    private readonly plan: LegacyPlan,
    private child: ChildProcess,
  ) {}

  static async start(plan: LegacyPlan): Promise<LegacyProcess> {
    for (let attempt = 1; ; attempt += 1) {
      const port = await freePort();
      const child = launch(plan, port);
      if (await comesUp(plan, child, port)) return new LegacyProcess(port, plan, child);
      // Somebody may have taken the port in between: another one is tried.
      if (attempt === START_ATTEMPTS_MAX) throw new Error(`${plan.name} ended: ${logOf(plan)}`);
    }
  }

  /** What it printed so far. */
  get log(): string {
    return readFileSync(join(this.plan.folder, 'log'), 'utf8');
  }

  /** Takes connections, and answers nothing, until `resume`. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Ends as by a crash. */
  async kill(): Promise<void> {
    const ended = exited(this.child);
    this.child.kill('SIGKILL');
    await ended;
  }

  /** After `kill`: at the same port, with what was written down. */
  async restart(): Promise<void> {
    this.child = launch(this.plan, this.port);
    if (await comesUp(this.plan, this.child, this.port)) return;
    throw new Error(`${this.plan.name} did not start again: ${logOf(this.plan)}`);
  }

  /** Orderly, and by force when that takes too long. Removes its folder. */
  async stop(): Promise<void> {
    const ended = exited(this.child);
    const force = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS_MAX);
    this.child.kill('SIGCONT');
    this.child.kill('SIGTERM');
    await ended;
    clearTimeout(force);
    rmSync(this.plan.folder, { recursive: true, force: true });
  }
}

function launch({ folder, command }: LegacyPlan, port: number): ChildProcess {
  const [file = '', ...args] = [...WITH_PARENT, ...command(port)];
  const log = openSync(join(folder, 'log'), 'a', 0o600);
  const child = spawn(file, args, { cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref(); // A test that fails before it stops its server does not wait for it.
  return child;
}

/** False: it ended. */
async function comesUp(plan: LegacyPlan, child: ChildProcess, port: number): Promise<boolean> {
  let ended = child.pid === undefined;
  child.once('error', () => (ended = true));
  child.once('exit', () => (ended = true));
  await until(
    `${plan.name} answers`,
    async () => ended || (await plan.isReady(port)),
    START_MS_MAX,
  );
  return !ended;
}

const exited = async (child: ChildProcess): Promise<void> => {
  child.ref();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

const logOf = ({ folder }: LegacyPlan): string =>
  readFileSync(join(folder, 'log'), 'utf8').slice(-LOG_TAIL_CHARACTERS);
