import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { haproxyIsHere, startHaproxy } from './haproxy.js';
import { backendBlock, proxyBlock, startNginx } from './nginx.js';
import {
  type Audit,
  NODE_OPTIONS,
  type ProxyUnderBench,
  startProxyUnderBench,
} from './proxy-process.js';
import { type Running } from './running.js';

/** A proxy that is up: below `base` lies what the backend serves. */
export interface ProxyPeer {
  readonly name: string;
  readonly pid: number;
  readonly base: string;
  readonly headers: Record<string, string>;
}

export interface ProxyPeers {
  /** What all of them forward to; no proxy. */
  readonly backend: string;
  readonly others: readonly ProxyPeer[];
  readonly bare: ProxyPeer;
  readonly postern: readonly (ProxyPeer & {
    readonly audit: Audit;
    readonly under: ProxyUnderBench;
  })[];
}

export const LARGE_BYTES = 10 * 1024 * 1024;
const USERNAME = 'ledger-svc';
const PASSWORD = 'the-ledger-password-1987';
const authorization = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;

/** Postern with the audit `strict` and `buffered`, and what it is measured against. */
export async function startProxyPeers(running: Running): Promise<ProxyPeers> {
  const backend = await startBackend(running);
  const node = (name: string, file: string): Promise<ProxyPeer> =>
    nodePeer({ name, file, destination: backend }, running);
  const bare = await node('bare node:http + undici', 'bare-undici');
  return {
    backend,
    bare,
    others: [
      await nginxPeer(backend, running),
      ...(haproxyIsHere() ? [await haproxyPeer(backend, running)] : []),
      bare,
      await node('Nest + Fastify + reply-from', 'nest-reply-from'),
      await node('Nest + Express + h-p-m', 'nest-express'),
    ],
    postern: [
      await posternPeer(backend, 'buffered', running),
      await posternPeer(backend, 'strict', running),
    ],
  };
}

async function startBackend(running: Running): Promise<string> {
  const [port, sinkPort] = [await freePort(), await freePort()];
  const largeFile = join(mkdtempSync(join(tmpdir(), 'postern-bench-')), 'large');
  writeFileSync(largeFile, 'x'.repeat(LARGE_BYTES), { mode: 0o644 });
  const sink = `http://127.0.0.1:${sinkPort}`;
  started(spawnPeer('upload-sink', sinkPort, sink), running);
  started(startNginx(backendBlock(port, largeFile, sink)), running);
  const backend = `http://127.0.0.1:${port}`;
  await answering(backend, {});
  return backend;
}

/** The child, to be killed with the rest. */
function started(child: ChildProcess, running: Running): ChildProcess {
  running.add(() => void child.kill('SIGKILL'));
  return child;
}

async function answering(url: string, headers: Record<string, string>): Promise<void> {
  await until(`${url} answers`, () =>
    fetch(url, { headers }).then(
      (response) => response.status === 200,
      () => false,
    ),
  );
}

const spawnPeer = (file: string, port: number, destination: string): ChildProcess =>
  spawn(process.execPath, [`dist/test/bench/peers/${file}.js`], {
    env: {
      ...process.env,
      NODE_OPTIONS,
      BENCH_DESTINATION: destination,
      BENCH_PORT: String(port),
      BENCH_AUTHORIZATION: authorization,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });

async function peerOf(name: string, port: number, child: ChildProcess): Promise<ProxyPeer> {
  const base = `http://127.0.0.1:${port}`;
  await answering(`${base}/accounts/42`, {});
  return { name, pid: child.pid ?? 0, base, headers: {} };
}

async function nodePeer(
  peer: { readonly name: string; readonly file: string; readonly destination: string },
  running: Running,
): Promise<ProxyPeer> {
  const port = await freePort();
  return peerOf(peer.name, port, started(spawnPeer(peer.file, port, peer.destination), running));
}

async function nginxPeer(backend: string, running: Running): Promise<ProxyPeer> {
  const port = await freePort();
  const child = started(startNginx(proxyBlock(port, backend, authorization)), running);
  return peerOf('nginx, static header', port, child);
}

async function haproxyPeer(backend: string, running: Running): Promise<ProxyPeer> {
  const port = await freePort();
  const child = started(startHaproxy(port, backend, authorization), running);
  return peerOf('HAProxy, static header', port, child);
}

async function posternPeer(
  destination: string,
  audit: Audit,
  running: Running,
): Promise<ProxyPeers['postern'][number]> {
  const backend = { destination, username: USERNAME, password: PASSWORD };
  const under = await startProxyUnderBench(backend, audit, running);
  const base = `${under.origin}/proxy/ledger`;
  const headers = { authorization: `Bearer ${under.handle}` };
  await answering(`${base}/accounts/42`, headers);
  return { name: `Postern, audit ${audit}`, pid: under.pid, base, headers, audit, under };
}
