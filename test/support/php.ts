import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { freePort } from './free-port.js';
import { until } from './until.js';

const PHP = '/usr/bin/php';
const ROUTER = 'test/support/php/legacy-backend.php';

/** Suites start a PHP of their own; this only tells them that they can. */
export function findPhp(): Record<string, string> {
  const found = existsSync(PHP);
  process.stderr.write(
    found ? `php: ${PHP}\n` : `php: none (no ${PHP}; apt-get install php-cli)\n`,
  );
  return found ? { POSTERN_TEST_PHP: PHP } : {};
}

/** What the backend says of a request. */
export interface PhpAnswer {
  /** Whether it found the right credential. */
  readonly accepted: boolean;
  /** All of the kind that it looks at, as PHP reads it, without the credential. */
  readonly others: unknown;
}

/** PHP's own web server as a legacy backend, on a loopback port: see legacy-backend.php for what it takes. */
export class Php {
  private constructor(
    readonly origin: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(apiKey: string): Promise<Php> {
    const port = await freePort();
    const child = spawn(PHP, ['-n', '-S', `127.0.0.1:${port}`, ROUTER], {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { API_KEY: apiKey },
    });
    const origin = `http://127.0.0.1:${port}`;
    await until('PHP answers', () =>
      fetch(origin).then(
        () => true,
        () => false,
      ),
    );
    return new Php(origin, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}
