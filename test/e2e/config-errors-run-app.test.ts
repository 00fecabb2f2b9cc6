import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from '../support/until.js';

const PLATFORM = pathToFileURL(resolve('dist/libs/platform/src/index.js')).href;
const CONFIG = 78;
const INTERNAL = 70;

/** A process of the smallest kind: what `runApp` does by itself, whatever the app. */
class Probe {
  output = '';
  readonly errors: string[] = [];

  private constructor(readonly child: ChildProcess) {
    child.stdout!.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    child.stderr!.on('data', (bytes: Buffer) => this.errors.push(bytes.toString()));
  }

  /** `start` is the body of the app's start function, with `context`, `startHttpHost`, `AdminModule` in reach. */
  static run(folder: string, start: string, environment: Record<string, string> = {}): Probe {
    const file = join(folder, 'app.mjs');
    writeFileSync(
      file,
      `import { AdminModule, runApp, startHttpHost } from ${JSON.stringify(PLATFORM)};
      await runApp('sts', async (context) => { ${start} });`,
    );
    const child = spawn(process.execPath, [file], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        POSTERN_CONFIG: resolve('examples/postern.yaml'),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Probe(child);
  }

  prints(text: string): Promise<void> {
    return until(`the process prints "${text}"`, () => this.output.includes(text));
  }

  async end(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'close');
    }
    return this.child.exitCode;
  }

  get told(): string {
    return this.errors.join('');
  }
}

const SERVING = `
  const listen = { host: '127.0.0.1', port: 0 };
  const host = await startHttpHost({ module: AdminModule.register(context.health, context.metrics), listen });
  const stop = async (deadlineMs) => { await host.close(deadlineMs); console.log('let go'); };
  return { serves: 'http://127.0.0.1:' + host.address.port, stop };`;

describe('a process', () => {
  let folder: string;
  let probe: Probe;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'postern-run-app-'))));
  afterEach(() => {
    probe.child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const originOf = ({ output }: Probe): string =>
    /postern sts ready on (http:\S+)/.exec(output)?.[1] ?? '';

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'says where it serves, and ends in order on %s',
    async (signal) => {
      probe = Probe.run(folder, SERVING);
      await probe.prints('postern sts ready on http://127.0.0.1:');
      expect((await fetch(`${originOf(probe)}/readyz`)).status).toBe(200);
      probe.child.kill(signal);
      expect(await probe.end()).toBe(0);
      expect([probe.output.includes('let go'), probe.told]).toEqual([true, '']);
    },
  );

  it('that is told to stop while it starts never serves, and lets go of what it had', async () => {
    probe = Probe.run(
      folder,
      `console.log('starting'); setInterval(() => undefined, 1_000); await new Promise((done) => process.once('SIGTERM', done)); ${SERVING}`,
    );
    await probe.prints('starting');
    probe.child.kill('SIGTERM');
    expect(await probe.end()).toBe(0);
    expect(probe.output).toContain('let go');
    expect(probe.output).not.toContain('ready on');
  });

  it('whose orderly end fails says so, and ends with 70', async () => {
    probe = Probe.run(
      folder,
      `setInterval(() => undefined, 1_000); return { serves: 'x', stop: () => Promise.reject(new Error('stuck')) };`,
    );
    await probe.prints('ready on x');
    probe.child.kill('SIGTERM');
    expect(await probe.end()).toBe(INTERNAL);
    expect(probe.output).toContain('the orderly end failed');
  });

  it.each([
    ['an exception that nobody caught', `setTimeout(() => { throw new Error('oops\\nmore'); });`],
    ['a rejection that nobody caught', `setTimeout(() => void Promise.reject(new Error('oops')));`],
    ['a start that fails by a fault', `throw new TypeError('oops');`],
  ])('ends with 70 and one line after %s', async (_, fault) => {
    probe = Probe.run(folder, `${fault} ${SERVING}`);
    expect(await probe.end()).toBe(INTERNAL);
    expect(probe.told).toBe('postern sts: internal error: oops (LOG_LEVEL=debug tells more)\n');
  });

  it('tells the stack of a fault to whoever debugs', async () => {
    probe = Probe.run(folder, `throw new TypeError('oops');`, { LOG_LEVEL: 'debug' });
    expect(await probe.end()).toBe(INTERNAL);
    expect(probe.told).toMatch(/^postern sts: TypeError: oops\npostern sts: {5}at /);
  });

  it('never tells a handle or a token, not even of a fault', async () => {
    const handle = `pst_prod_${'a'.repeat(49)}`;
    probe = Probe.run(folder, `throw new Error('got ${handle}');`, { LOG_LEVEL: 'trace' });
    expect(await probe.end()).toBe(INTERNAL);
    expect(probe.told).toContain('got [redacted]');
    expect(probe.told).not.toContain(handle);
  });

  describe('whose port is taken', () => {
    let other: Server;
    beforeEach(async () => {
      other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
    });
    afterEach(() => void other.close());

    it('names it in one line, and ends with 78', async () => {
      const { port } = other.address() as AddressInfo;
      probe = Probe.run(folder, SERVING.replace('port: 0', `port: ${port}`));
      expect(await probe.end()).toBe(CONFIG);
      expect(probe.told).toBe(
        `postern sts: listen 127.0.0.1:${port}: is in use by another process: stop it, or set another port under listen\n`,
      );
    });
  });
});
