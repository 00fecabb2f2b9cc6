import { type ChildProcess, spawn } from 'node:child_process';
import { PosternClient } from '#client';
import { freePort } from '../support/free-port.js';
import { makeStandalone } from '../support/standalone.js';
import { until } from '../support/until.js';
import { backendBlock, proxyBlock, startNginx } from './nginx.js';
import { type Running } from './running.js';

/** A proxy that is up, and the request that goes through it. */
export interface ProxyPeer {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly headers: Record<string, string>;
}

const USERNAME = 'ledger-svc';
const PASSWORD = 'the-ledger-password-1987';
const authorization = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;

/** Postern with the audit `strict` and `buffered`, and what it is measured against. */
export async function startProxyPeers(running: Running): Promise<readonly ProxyPeer[]> {
  const backendPort = await freePort();
  started(startNginx(backendBlock(backendPort)), running);
  const destination = `http://127.0.0.1:${backendPort}`;
  await answering(destination, {});
  const node = (name: string, file: string): Promise<ProxyPeer> =>
    nodePeer({ name, file, destination }, running);
  return [
    await nginxPeer(destination, running),
    await node('bare node:http + undici', 'bare-undici'),
    await node('Nest + Fastify + reply-from', 'nest-reply-from'),
    await node('Nest + Express + h-p-m', 'nest-express'),
    await posternPeer(destination, 'buffered', running),
    await posternPeer(destination, 'strict', running),
  ];
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

async function nodePeer(
  peer: { readonly name: string; readonly file: string; readonly destination: string },
  running: Running,
): Promise<ProxyPeer> {
  const port = await freePort();
  const child = started(
    spawn(process.execPath, [`dist/test/bench/peers/${peer.file}.js`], {
      env: {
        ...process.env,
        BENCH_DESTINATION: peer.destination,
        BENCH_PORT: String(port),
        BENCH_AUTHORIZATION: authorization,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
    running,
  );
  const url = `http://127.0.0.1:${port}/accounts/42`;
  await answering(url, {});
  return { name: peer.name, pid: child.pid ?? 0, url, headers: {} };
}

async function nginxPeer(destination: string, running: Running): Promise<ProxyPeer> {
  const port = await freePort();
  const child = started(startNginx(proxyBlock(port, destination, authorization)), running);
  const url = `http://127.0.0.1:${port}/accounts/42`;
  await answering(url, {});
  return { name: 'nginx, static header', pid: child.pid ?? 0, url, headers: {} };
}

async function posternPeer(
  destination: string,
  audit: 'strict' | 'buffered',
  running: Running,
): Promise<ProxyPeer> {
  const postern = await makeStandalone({
    destination,
    username: USERNAME,
    password: PASSWORD,
    resource: {
      handle: { ttl: '1h', maxTtl: '1h', maxCalls: 1_000_000_000, binding: 'none' },
      call: { timeout: '30s', maxRequestBytes: '10MiB', maxResponseBytes: 'unlimited', audit },
    },
  });
  running.add(() => postern.process.stop());
  await postern.start();
  const client = new PosternClient(postern.publicOrigin);
  const subjectToken = await postern.issuer.mint('settler');
  const { handle } = await client.exchange({ subjectToken, audience: 'ledger' });
  const headers = { authorization: `Bearer ${handle}` };
  const url = `${postern.publicOrigin}/proxy/ledger/accounts/42`;
  await answering(url, headers);
  return { name: `Postern, audit ${audit}`, pid: postern.process.pid, url, headers };
}
