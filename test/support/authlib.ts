import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

const PYTHON = '/usr/bin/python3';
const SCRIPT = 'test/support/clients/authlib_exchange.py';

/** The suite runs it; this only tells that it can. */
export function findAuthlib(): Record<string, string> {
  const { status } = spawnSync(PYTHON, ['-c', 'import authlib, requests'], { stdio: 'ignore' });
  process.stderr.write(
    status === 0
      ? `authlib: ${PYTHON}\n`
      : `authlib: none (${PYTHON} finds none; apt-get install python3-authlib python3-requests)\n`,
  );
  return status === 0 ? { POSTERN_TEST_AUTHLIB: PYTHON } : {};
}

/** Runs the script of an Authlib client to its end: JSON in, JSON out. */
export async function runAuthlib(input: Readonly<Record<string, string>>): Promise<unknown> {
  const child = spawn(PYTHON, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(input));
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === '') throw new Error(`the Authlib client failed: ${problems}`);
  return JSON.parse(output) as unknown;
}
