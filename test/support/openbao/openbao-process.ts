import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 50;
const OUTPUT_KEPT_CHARACTERS = 4_000;

/** A running `bao server`. Ends with this process. */
export class OpenBaoProcess {
  private constructor(
    readonly address: string,
    private readonly child: ChildProcess,
    private readonly killWithUs: () => void,
  ) {}

  /** Resolves when the server answers on `address`, sealed or not. */
  static async start(
    binary: string,
    args: readonly string[],
    address: string,
  ): Promise<OpenBaoProcess> {
    const child = spawn(binary, ['server', ...args], {
      env: withoutVault(process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_KEPT_CHARACTERS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const killWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', killWithUs);
    const started = new OpenBaoProcess(address, child, killWithUs);
    if (await started.answers()) return started;
    await started.stop();
    throw new Error(`bao server does not answer at ${address}:\n${output}`);
  }

  async stop(): Promise<void> {
    process.removeListener('exit', this.killWithUs);
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const cut = setTimeout(this.killWithUs, STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(cut);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async answers(): Promise<boolean> {
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    // Whether it answers; who it is, the suite finds out with the authority that this very server makes.
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });
    while (!deadline.aborted && !this.hasEnded) {
      const answered = await request(`${this.address}/v1/sys/seal-status`, { dispatcher }).then(
        ({ statusCode, body }) => body.dump().then(() => statusCode === 200),
        () => false,
      );
      if (answered) return true;
      await delay(POLL_MS);
    }
    return false;
  }
}

/** The variables of the developer's own Vault must not reach the server under test. */
const withoutVault = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:VAULT|BAO)_/.test(name)));
