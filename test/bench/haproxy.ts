import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HAPROXY = '/usr/sbin/haproxy';
export const haproxyIsHere = (): boolean => existsSync(HAPROXY);

/** HAProxy as the peer: one thread, a static header, keep-alive to the backend. */
export function startHaproxy(
  port: number,
  destination: string,
  authorization: string,
): ChildProcess {
  const file = join(mkdtempSync(join(tmpdir(), 'postern-bench-haproxy-')), 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  http-reuse always
listen proxy
  bind 127.0.0.1:${port}
  http-request set-header Authorization "${authorization}"
  server legacy ${new URL(destination).host}
`,
  );
  return spawn(HAPROXY, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
}
