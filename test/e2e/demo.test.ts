import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

it('npm run demo does what each of its steps says', async () => {
  const { stdout } = await run(process.execPath, ['dist/test/demo/main.js'], { timeout: 150_000 });
  expect(stdout).toContain('the demo did all that it said');
  expect(stdout).not.toContain('FAILED');
  expect(stdout).toMatch(/rotations: 3 in [^;]*; calls: [1-9]\d*; failed calls: 0;/);
}, 160_000);
