import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { freePort } from './free-port.js';
import { until } from './until.js';

const NGINX = '/usr/sbin/nginx';

export interface NginxOptions {
  /** Files in PEM form. */
  readonly certificate: string;
  readonly key: string;
  /** Whose clients are let in. */
  readonly clientAuthority: string;
  /** Offered beside HTTP/1.1, and preferred. */
  readonly http2?: boolean;
}

/** Suites start an nginx of their own; this only tells that they can. */
export function findNginx(): Record<string, string> {
  const found = existsSync(NGINX);
  process.stderr.write(
    found ? `nginx: ${NGINX}\n` : `nginx: none (no ${NGINX}; apt-get install nginx-light)\n`,
  );
  return found ? { POSTERN_TEST_NGINX: NGINX } : {};
}

/**
 * Debian's nginx as a legacy backend that lets in who has a certificate, in the foreground on a loopback port. It answers
 * `subject serial resumed connection`; below `/slow/` with a body of 64 KiB that takes two seconds, below
 * `/echo/` with protocol, Authorization and target of the request.
 */
export class Nginx {
  private constructor(
    readonly origin: string,
    /** Its own folder, for more files. */
    readonly folder: string,
    private readonly child: ChildProcess,
  ) {}

  static async start({ certificate, key, clientAuthority, http2 }: NginxOptions): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-nginx-'));
    writeFileSync(join(folder, 'server.pem'), certificate);
    writeFileSync(join(folder, 'server.key'), key);
    writeFileSync(join(folder, 'clients.pem'), clientAuthority);
    mkdirSync(join(folder, 'html', 'slow'), { recursive: true });
    writeFileSync(join(folder, 'html', 'slow', 'file'), 'x'.repeat(64 * 1024));
    const port = await freePort();
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configuration(folder, port, http2 === true ? ' http2' : ''));
    const child = spawn(NGINX, ['-p', folder, '-c', file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await until('nginx listens', () => isListening(port));
    return new Nginx(`https://127.0.0.1:${port}`, folder, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });

function configuration(folder: string, port: number, http2: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  return `daemon off; master_process off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')};
events { worker_connections 256; }
http { access_log off; ${paths.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl${http2};
    ssl_certificate ${join(folder, 'server.pem')};
    ssl_certificate_key ${join(folder, 'server.key')};
    ssl_client_certificate ${join(folder, 'clients.pem')};
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_session_cache builtin;
    root ${join(folder, 'html')};
    location /slow/ { limit_rate 32k; }
    location /echo/ { return 200 "$server_protocol $http_authorization $request_uri"; }
    location / {
      add_header X-Connection $connection always;
      return 200 "$ssl_client_s_dn $ssl_client_serial $ssl_session_reused $connection";
    }
  }
}
`;
}
