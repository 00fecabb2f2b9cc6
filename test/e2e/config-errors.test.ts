import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse, stringify } from 'yaml';
import { freePort } from '../support/free-port.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { endOfStart, type StartEnd } from '../support/start-end.js';

const APPS = ['sts', 'proxy', 'control', 'relay', 'standalone'] as const;
type App = (typeof APPS)[number];
const CONFIG = 78;
const UNAVAILABLE = 69;
const END_DEADLINE_MS = 20_000;

const entryOf = (app: App): string => resolve(`dist/apps/${app}/src/main.js`);
const ours = /^(?:POSTERN_|DATABASE_URL$|KAFKA_|VAULT_|LOG_LEVEL$|OTEL_|NODE_OPTIONS$)/;
const machine = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !ours.test(name)),
) as Record<string, string>;

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that does not end by itself is ended: then the code is not the one that is expected. */
async function endOf(child: ChildProcess): Promise<End> {
  const deadline = setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  clearTimeout(deadline);
  return { code, stdout, stderr };
}

/** A relay asks for a broker for half a minute: it does so beside all the other cases. */
const WITHOUT_BROKER_MS_MIN = 29_000;
let withoutBroker: Promise<{ readonly end: StartEnd; readonly tookMs: number }>;
let broker: string;
beforeAll(async () => {
  const own = await makePosternFolder({ destination: 'http://127.0.0.1:1/api' });
  broker = `127.0.0.1:${await freePort()}`;
  const startedMs = performance.now();
  withoutBroker = endOfStart('relay', {
    POSTERN_CONFIG: own.configFile,
    // Nobody listens there, and nobody is asked: the broker comes first.
    DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/postern',
    KAFKA_BROKERS: broker,
  }).then((end) => {
    rmSync(own.folder, { recursive: true });
    return { end, tookMs: performance.now() - startedMs };
  });
});

/** What an operator needs of the process when it cannot start: told on standard error, a line a problem, and a code. */
describe('a process that cannot start', () => {
  let folder: string;
  let file: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-e2e-'));
    file = join(folder, 'postern.yaml');
    for (const app of APPS) {
      if (!existsSync(entryOf(app))) throw new Error(`${entryOf(app)}: run \`npm run build\``);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const good = (): Record<string, unknown> => ({
    ...(parse(readFileSync('examples/postern.yaml', 'utf8')) as Record<string, unknown>),
    grants: resolve('examples/grants'),
  });

  function start(app: App, environment: Record<string, string>): Promise<End> {
    const child = spawn(process.execPath, [entryOf(app)], {
      cwd: folder,
      env: { ...machine, POSTERN_CONFIG: file, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return endOf(child);
  }

  it.each(APPS)('%s names the file that is not there', async (app) => {
    const absent = join(folder, 'absent.yaml');
    expect(await start(app, { POSTERN_CONFIG: absent })).toEqual({
      code: CONFIG,
      stdout: '',
      stderr: `postern ${app}: ${absent}: cannot be read (ENOENT): set POSTERN_CONFIG to the file, or start where postern.yaml lies\n`,
    });
  });

  it.each(APPS)('%s tells every problem of postern.yaml, a line each', async (app) => {
    writeFileSync(file, stringify({ ...good(), environment: 'DEV', colour: 'red' }));
    const { code, stdout, stderr } = await start(app, {});
    expect([code, stdout]).toEqual([CONFIG, '']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(3); // The environment of the resource is now another one, too.
    for (const line of lines) expect(line.startsWith(`postern ${app}: ${file}: `)).toBe(true);
    expect(stderr).toContain('environment: expected 1 to 32 of a-z');
    expect(stderr).toContain('colour: unknown setting');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it.each<[App, readonly string[]]>([
    ['sts', ['DATABASE_URL']],
    ['control', ['DATABASE_URL']],
    ['proxy', ['DATABASE_URL', 'VAULT_ADDR']],
    ['relay', ['DATABASE_URL', 'KAFKA_BROKERS']],
  ])('%s names the servers that it has no embedded part for', async (app, variables) => {
    writeFileSync(file, stringify(good()));
    const { code, stderr } = await start(app, {});
    expect(code).toBe(CONFIG);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(variables.length);
    for (const variable of variables) {
      expect(stderr).toContain(`postern ${app}: ${variable}: is not set`);
    }
  });

  it.each(APPS)('%s names a variable that cannot be used, and not its value', async (app) => {
    writeFileSync(file, stringify(good()));
    const { code, stderr } = await start(app, { DATABASE_URL: 'mysql://u:hunter2@h/d' });
    expect(code).toBe(CONFIG);
    expect(stderr).toBe(
      `postern ${app}: DATABASE_URL: expected a URL that begins with postgres:// or postgresql://\n`,
    );
  });

  it.each<App>(['sts', 'control'])('%s says which database is not reached', async (app) => {
    writeFileSync(file, stringify(good()));
    const port = await freePort();
    const { code, stdout, stderr } = await start(app, {
      DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${port}/postern`,
    });
    expect([code, stdout]).toEqual([UNAVAILABLE, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(`port ${port}`);
    expect(stderr).not.toContain('hunter2');
  });

  it('control names a grant file with a problem', async () => {
    const grants = join(folder, 'grants');
    writeFileSync(file, stringify({ ...good(), grants: './grants' }));
    const { code, stderr } = await start('control', {
      DATABASE_URL: 'postgres://u@127.0.0.1:1/postern',
    });
    expect(code).toBe(CONFIG);
    expect(stderr).toContain(`the folder of grant files ${grants} cannot be read (ENOENT)`);
  });
});

describe('a relay without a broker', () => {
  it('gives up after 30 s, in one line that says which broker it asked', async () => {
    const { end, tookMs } = await withoutBroker;
    const address = broker.replaceAll('.', '\\.');
    expect(end.code).toBe(UNAVAILABLE);
    expect(end.stderr).toMatch(
      new RegExp(
        `^postern relay: [^\\n]*Kafka at ${address}: no broker can be reached [^\\n]*\\n$`,
      ),
    );
    expect(tookMs).toBeGreaterThan(WITHOUT_BROKER_MS_MIN);
  }, 60_000);
});
