import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.js';

const READY_DEADLINE_MS = 120_000;

export interface ProcessOptions {
  readonly app: 'sts' | 'proxy' | 'control' | 'relay' | 'rotator' | 'sentinel' | 'standalone';
  readonly environment: Readonly<Record<string, string>>;
  /** /readyz of the process. */
  readonly readyUrl: string;
}

/** One of Postern's processes, built, as an operator runs it. */
export class PosternProcess {
  #child: ChildProcess | undefined;
  /** All that it wrote, to be searched for what must not be in it. */
  output = '';

  constructor(private readonly options: ProcessOptions) {}

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [entryOf(this.options.app)], {
      env: { ...cleanEnvironment(), ...this.options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const before = this.output.length;
    const keep = (chunk: Buffer): void => void (this.output += chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const { app } = this.options;
    await until(`${app} is ready`, () => this.#ready(child, before), READY_DEADLINE_MS);
  }

  async #ready(child: ChildProcess, before: number): Promise<boolean> {
    if (child.exitCode !== null) throw new Error(`${this.options.app} ended:\n${this.output}`);
    // It says so when it serves; a question to a port where nobody listens takes longer than to look.
    if (!this.output.includes(' ready on ', before)) return false;
    return fetch(this.options.readyUrl).then(
      (response) => response.ok,
      () => false,
    );
  }

  /** SIGKILL: nothing gets a chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and the orderly end. Resolves to the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }
}

const entryOf = (app: string): string => `dist/apps/${app}/src/main.js`;

/** Runs the built command line to its end. */
export function runCli(
  args: readonly string[],
  options: {
    readonly environment?: Readonly<Record<string, string>>;
    readonly input?: string;
  } = {},
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entryOf('cli'), ...args], {
    env: { ...cleanEnvironment(), ...options.environment },
    input: options.input ?? '',
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { status, stdout, stderr };
}

/** The machine's environment without what would configure Postern behind a test's back. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const ours = /^(?:POSTERN_|DATABASE_URL$|KAFKA_|VAULT_|LOG_LEVEL$|OTEL_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
