import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIMEOUT_MS = 600_000;

interface Results {
  readonly numTotalTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
  }[];
}

const withoutServers = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('POSTERN_TEST_')),
  );

/** What Jest says of all suites when it runs none of their tests: each is only asked which tests it has. */
async function describedWithoutServers(): Promise<Results> {
  const file = join(await mkdtemp(join(tmpdir(), 'postern-described-')), 'results.json');
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  const nothing = ['--testNamePattern', 'no test has this name'];
  const args = [...jest, ...nothing, '--json', '--outputFile', file];
  await new Promise<void>((resolve) => {
    execFile(process.execPath, args, { env: withoutServers(), maxBuffer: Infinity }, () =>
      resolve(),
    );
  });
  return JSON.parse(readFileSync(file, 'utf8')) as Results;
}

describe('on a machine that has none of the servers', () => {
  it(
    'every suite can be read, and skipped',
    async () => {
      const { numTotalTestSuites, testResults } = await describedWithoutServers();
      expect(numTotalTestSuites).toBeGreaterThan(500);
      const failed = testResults.filter(({ status }) => status === 'failed');
      expect(failed.map(({ name, message }) => `${name}: ${message}`)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
