import { execFile } from 'node:child_process';
import { describeWithServer } from '#test-support';

interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEMO_TIMEOUT_MS = 240_000;

/** What the demo printed, and how it ended. */
function demo(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Told> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['dist/test/demo/main.js', ...args],
      { env: environment, timeout: DEMO_TIMEOUT_MS },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

const without = (...names: readonly string[]): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));

/** Of a machine that has no Java, and whose owner may or may not insist on it. */
const noKafka = (servers: 'required' | 'as they are'): NodeJS.ProcessEnv => ({
  ...without('POSTERN_TEST_KAFKA_BROKERS', 'POSTERN_TEST_SERVERS'),
  PATH: '/nonexistent',
  ...(servers === 'required' ? { POSTERN_TEST_SERVERS: servers } : {}),
});

describe('npm run demo', () => {
  let told: Told;
  beforeAll(async () => {
    // On a broker of its own: on the one that suites share, their records would wait before those that are timed.
    told = await demo([], without('POSTERN_TEST_KAFKA_BROKERS'));
  }, DEMO_TIMEOUT_MS + 10_000);

  it('does what each of its steps says', () => {
    expect(told.code === 0 ? '' : told.stdout + told.stderr).toBe('');
    expect(told.stdout).toContain('the demo did all that it said');
    expect(told.stdout).not.toContain('FAILED');
    expect(told.stdout).toMatch(/rotations: 3 in [^;]*; calls: [1-9]\d*; failed calls: 0;/);
  });

  describeWithServer('with two environments', 'kafka', () => {
    it('prints how long it takes to detect and to contain what neither can know alone', () => {
      const times = told.stdout.matchAll(/time to detect (\d+) ms, time to contain (\d+) ms/g);
      const all = [...times].flatMap(([, detected, contained]) => [+detected!, +contained!]);
      expect(all).toHaveLength(6);
      expect(Math.max(...all)).toBeLessThan(2_000);
      expect(told.stdout).not.toContain('not shown');
    });
  });
});

describe('npm run demo -- environments, on a machine without Kafka', () => {
  it('says what it cannot show, why, and what to install', async () => {
    const { code, stdout } = await demo(['environments'], noKafka('as they are'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/not shown: .* two environments on one Kafka\n {4}why: Java 17/);
    expect(stdout).toContain('to see it, install Java 17 or later and Maven');
  }, 60_000);

  it('fails where servers are required', async () => {
    const { code, stdout, stderr } = await demo(['environments'], noKafka('required'));
    expect(code).toBe(1);
    expect(stdout).toContain('not shown');
    expect(stderr).toContain('POSTERN_TEST_SERVERS=required');
  }, 60_000);
});
