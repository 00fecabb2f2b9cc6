import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NGINX = '/usr/sbin/nginx';
export const nginxIsHere = (): boolean => existsSync(NGINX);

/** Runs nginx in the foreground as one worker on a loopback port, with this `server` block. */
export function startNginx(serverBlock: string): ChildProcess {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-nginx-'));
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => {
    mkdirSync(join(folder, kind));
    return `${kind}_temp_path ${join(folder, kind)};`;
  });
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; ${paths.join(' ')}
${serverBlock} }
`,
  );
  return spawn(NGINX, ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * A legacy backend: 1 KiB at once, so that what is measured is the proxy; 10 MiB from a file at /accounts/large; and
 * uploads to /entries, which `sink` reads.
 */
export const backendBlock = (port: number, largeFile: string, sink: string): string =>
  `server { listen 127.0.0.1:${port}; client_max_body_size 0;
  location / { return 200 "${'x'.repeat(1024)}"; }
  location = /accounts/large { alias ${largeFile}; }
  location = /entries { proxy_pass ${sink}; proxy_http_version 1.1; proxy_request_buffering off; } }`;

/** nginx as the peer: a static header, keep-alive to the backend. */
export const proxyBlock = (port: number, destination: string, authorization: string): string =>
  `upstream legacy { server ${new URL(destination).host}; keepalive 64; keepalive_requests 1000000; }
server { listen 127.0.0.1:${port};
  location / { proxy_pass http://legacy; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Authorization "${authorization}"; } }`;
