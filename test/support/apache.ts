import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';

export interface ApacheOptions {
  readonly username: string;
  readonly password: string;
  /** Path below the root, such as `api/accounts/42`, to content. */
  readonly files: Readonly<Record<string, string>>;
  /** Default Basic. Digest by mod_auth_digest: MD5, `qop="auth"`. */
  readonly digest?: { readonly nonceLifetimeSeconds: number };
}

/** Suites start an Apache of their own; this only tells them that they can. */
export function findApache(): Record<string, string> {
  const found = existsSync(APACHE);
  process.stderr.write(
    found ? `apache: ${APACHE}\n` : `apache: none (no ${APACHE}; apt-get install apache2-bin)\n`,
  );
  return found ? { POSTERN_TEST_APACHE: APACHE } : {};
}

/** Debian's Apache as a legacy backend: one account, static files, in the foreground on a loopback port. */
export class Apache {
  private constructor(
    readonly origin: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(options: ApacheOptions): Promise<Apache> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-apache-'));
    chmodSync(folder, 0o755); // Its workers run as another account.
    const port = await freePort();
    for (const [path, content] of Object.entries(options.files)) {
      const file = join(folder, 'htdocs', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
    writeFileSync(join(folder, 'htpasswd'), account(options));
    writeFileSync(join(folder, 'httpd.conf'), configuration(folder, port, options));
    const child = spawn(APACHE, ['-X', '-d', folder, '-f', join(folder, 'httpd.conf')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const origin = `http://127.0.0.1:${port}`;
    await until('Apache answers', () =>
      fetch(origin).then(
        () => true,
        () => false,
      ),
    );
    return new Apache(origin, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

function account({ username, password, digest }: ApacheOptions): string {
  if (digest === undefined) {
    return `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`;
  }
  const a1 = `${username}:ledger:${password}`;
  return `${username}:ledger:${createHash('md5').update(a1).digest('hex')}\n`;
}

const authentication = ({ digest }: ApacheOptions): string =>
  digest === undefined
    ? 'AuthType Basic'
    : `AuthType Digest
  AuthDigestProvider file
  AuthDigestNonceLifetime ${digest.nonceLifetimeSeconds}`;

function configuration(folder: string, port: number, options: ApacheOptions): string {
  const modules = [
    'mpm_event',
    'authn_core',
    'authz_core',
    'authn_file',
    'authz_user',
    'auth_basic',
    'auth_digest',
  ];
  const loads = modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  return `${loads.join('\n')}
Listen 127.0.0.1:${port}
ServerName 127.0.0.1
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
ErrorLog ${folder}/error.log
DocumentRoot ${folder}/htdocs
User www-data
Group www-data
<Directory ${folder}/htdocs>
  ${authentication(options)}
  AuthName ledger
  AuthUserFile ${folder}/htpasswd
  Require valid-user
</Directory>
`;
}
