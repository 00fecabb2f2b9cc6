import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const END_DEADLINE_MS = 45_000;

/** How a process ended that was to refuse its start. */
export interface StartEnd {
  /** Null: it had to be ended, so it did start. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a built process that is expected to end by itself. Nothing of the machine's environment reaches it but PATH. */
export async function endOfStart(
  app: string,
  environment: Readonly<Record<string, string>>,
): Promise<StartEnd> {
  const child = spawn(process.execPath, [resolve(`dist/apps/${app}/src/main.js`)], {
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  clearTimeout(deadline);
  return { code, stdout, stderr };
}
