import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { type RelayFaults } from '../support/relay-faults.js';

const ENTRY = path.resolve('dist/apps/relay/src/main.js');
const FAULTY_ENTRY = path.resolve('dist/test/support/relay-with-faults.js');
const READY_TIMEOUT_MS = 60_000;
const EXAMPLE = path.resolve('examples/postern.yaml');

/** The example's configuration on a free port. The relay reads it whole, as every process does. */
async function configuration(): Promise<string> {
  const example = parse(await readFile(EXAMPLE, 'utf8')) as { listen: object; grants: string };
  const anyPort = (): object => ({ host: '127.0.0.1', port: 0 });
  return stringify({
    ...example,
    listen: { public: anyPort(), admin: anyPort() },
    grants: path.resolve(path.dirname(EXAMPLE), example.grants),
  });
}

export interface RelayServers {
  readonly databaseUrl: string;
  readonly brokers: string;
  /** Another entry than the shipped one then, that does what is asked here. */
  readonly faults?: RelayFaults;
}

/** The relay as it is shipped, unless faults are asked for: a process of its own, made of the compiled files. */
export class RelayProcess {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes.toString();
      });
    }
  }

  /** Does not wait until it is ready. */
  static async spawn({ databaseUrl, brokers, faults }: RelayServers): Promise<RelayProcess> {
    const entry = faults === undefined ? ENTRY : FAULTY_ENTRY;
    if (!existsSync(entry)) throw new Error(`${entry} is missing: run \`npm run build\``);
    const folder = await mkdtemp(path.join(tmpdir(), 'postern-relay-'));
    await writeFile(path.join(folder, 'postern.yaml'), await configuration());
    const child = spawn(process.execPath, [entry, JSON.stringify(faults ?? {})], {
      env: {
        PATH: process.env['PATH'],
        POSTERN_CONFIG: path.join(folder, 'postern.yaml'),
        DATABASE_URL: databaseUrl,
        KAFKA_BROKERS: brokers,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new RelayProcess(child, folder);
  }

  /** @throws Error with what it printed when it ends instead of getting ready, or takes longer than a minute. */
  static async start(servers: RelayServers): Promise<RelayProcess> {
    const relay = await RelayProcess.spawn(servers);
    await relay.ready();
    return relay;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Whether it has not ended yet. */
  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Stands still until it is told to go on. */
  stop(): void {
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.child.kill('SIGCONT');
  }

  /** All that it printed. */
  get printed(): string {
    return this.output;
  }

  /** Where it serves health and metrics. */
  get adminUrl(): string {
    return /admin (http:\/\/[^, ]+)/.exec(this.output)?.[1] ?? '';
  }

  async ready(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.output.includes('postern relay ready')) resolve();
      };
      const fail = (): void => reject(new Error(`the relay did not get ready: ${this.output}`));
      this.child.stdout?.on('data', look);
      this.child.once('exit', fail);
      timer = setTimeout(fail, READY_TIMEOUT_MS);
      look();
    });
    clearTimeout(timer);
  }

  /** Resolves to the exit code. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await new Promise((resolve) => this.child.once('exit', resolve));
    }
    await rm(this.folder, { recursive: true, force: true });
    return this.child.exitCode;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    this.goOn(); // Who stands still takes no farewell.
    this.child.kill(signal);
    return this.ended();
  }
}
