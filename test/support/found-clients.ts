import { spawnSync } from 'node:child_process';

const PYTHON = '/usr/bin/python3';

/** The suites run it; this only tells that they can. */
export const findCurl = (): Record<string, string> =>
  found('curl', ['curl', '--version'], { POSTERN_TEST_CURL: 'curl' });

/** Client and server of WebSockets, for Python. */
export const findWebsockets = (): Record<string, string> =>
  found('websockets', [PYTHON, '-c', 'import websockets'], { POSTERN_TEST_WEBSOCKETS: PYTHON });

function found(
  name: string,
  [command = '', ...args]: readonly string[],
  environment: Record<string, string>,
): Record<string, string> {
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  process.stderr.write(status === 0 ? `${name}: ${command}\n` : `${name}: none\n`);
  return status === 0 ? environment : {};
}
