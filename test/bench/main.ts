// npm run bench: Postern's call path beside its peers, interleaved in one run, as a table with ratios.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PosternClient } from '#client';
import { freePort } from '../support/free-port.js';
import { makeStandalone } from '../support/standalone.js';
import { until } from '../support/until.js';
import { cpuSeconds, residentMib } from './cpu-time.js';
import { load } from './load.js';
import { backendBlock, nginxIsHere, proxyBlock, startNginx } from './nginx.js';
import { type Measurement, medians, table } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 4);
const CONNECTIONS = 32;
const RESULTS = 'bench-results';
const USERNAME = 'ledger-svc';
const PASSWORD = 'the-ledger-password-1987';

interface Peer {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly stop: () => Promise<void>;
}

const authorization = `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;
const children: ChildProcess[] = [];

function started(child: ChildProcess): ChildProcess {
  children.push(child);
  return child;
}

const killed = (child: ChildProcess) => async (): Promise<void> => void child.kill('SIGKILL');

async function answering(url: string, headers: Record<string, string>): Promise<void> {
  await until(`${url} answers`, () =>
    fetch(url, { headers }).then(
      (response) => response.status === 200,
      () => false,
    ),
  );
}

async function nodePeer(name: string, file: string, destination: string): Promise<Peer> {
  const port = await freePort();
  const child = started(
    spawn(process.execPath, [`dist/test/bench/peers/${file}.js`], {
      env: {
        ...process.env,
        BENCH_DESTINATION: destination,
        BENCH_PORT: String(port),
        BENCH_AUTHORIZATION: authorization,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const url = `http://127.0.0.1:${port}/accounts/42`;
  await answering(url, {});
  return { name, pid: child.pid ?? 0, url, headers: {}, stop: killed(child) };
}

async function nginxPeer(destination: string): Promise<Peer> {
  const port = await freePort();
  const child = started(startNginx(proxyBlock(port, destination, authorization)));
  const url = `http://127.0.0.1:${port}/accounts/42`;
  await answering(url, {});
  return {
    name: 'nginx, static header',
    pid: child.pid ?? 0,
    url,
    headers: {},
    stop: killed(child),
  };
}

async function posternPeer(destination: string, audit: 'strict' | 'buffered'): Promise<Peer> {
  const postern = await makeStandalone({
    destination,
    username: USERNAME,
    password: PASSWORD,
    resource: {
      handle: { ttl: '1h', maxTtl: '1h', maxCalls: 1_000_000_000, binding: 'none' },
      call: { timeout: '30s', maxRequestBytes: '10MiB', maxResponseBytes: 'unlimited', audit },
    },
  });
  await postern.start();
  const client = new PosternClient(postern.publicOrigin);
  const subjectToken = await postern.issuer.mint('settler');
  const { handle } = await client.exchange({ subjectToken, audience: 'ledger' });
  const headers = { authorization: `Bearer ${handle}` };
  const url = `${postern.publicOrigin}/proxy/ledger/accounts/42`;
  await answering(url, headers);
  const stop = async (): Promise<void> => {
    await postern.process.stop();
  };
  return { name: `Postern, audit ${audit}`, pid: postern.process.pid, url, headers, stop };
}

async function measure(peer: Peer): Promise<Measurement> {
  await load({ ...peer, connections: CONNECTIONS, seconds: 0.5 });
  const before = cpuSeconds(peer.pid);
  const result = await load({ ...peer, connections: CONNECTIONS, seconds: SECONDS });
  await pause(300); // What was buffered is part of the cost.
  const cpu = cpuSeconds(peer.pid) - before;
  return {
    peer: peer.name,
    requestsPerCpuSecond: result.requests / cpu,
    requestsPerSecond: result.requests / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    residentMib: residentMib(peer.pid),
  };
}

/** The medians of the newest run before this one. */
function lastRun(): Measurement[] {
  mkdirSync(RESULTS, { recursive: true });
  const newest = readdirSync(RESULTS).sort().at(-1);
  if (newest === undefined) return [];
  return (JSON.parse(readFileSync(join(RESULTS, newest), 'utf8')) as { rows: Measurement[] }).rows;
}

function keep(rows: readonly Measurement[]): void {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const name = `${String(readdirSync(RESULTS).length).padStart(4, '0')}.json`;
  writeFileSync(join(RESULTS, name), JSON.stringify({ machine, rows }, null, 2));
  console.log(`kept in ${join(RESULTS, name)}`);
}

function compare(rows: readonly Measurement[], before: readonly Measurement[]): void {
  for (const row of rows) {
    const old = before.find(({ peer }) => peer === row.peer);
    if (old === undefined) continue;
    const change = (row.requestsPerCpuSecond / old.requestsPerCpuSecond - 1) * 100;
    console.log(
      `  ${row.peer}: ${change >= 0 ? '+' : ''}${change.toFixed(1)} % since the last run`,
    );
  }
}

async function main(): Promise<void> {
  if (!nginxIsHere()) throw new Error('the bench needs nginx: apt-get install nginx-light');
  const backendPort = await freePort();
  started(startNginx(backendBlock(backendPort)));
  const destination = `http://127.0.0.1:${backendPort}`;
  await answering(destination, {});
  const peers = [
    await nginxPeer(destination),
    await nodePeer('bare node:http + undici', 'bare-undici', destination),
    await nodePeer('Nest + Fastify + reply-from', 'nest-reply-from', destination),
    await nodePeer('Nest + Express + h-p-m', 'nest-express', destination),
    await posternPeer(destination, 'buffered'),
    await posternPeer(destination, 'strict'),
  ];
  const measurements: Measurement[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const peer of peers) {
      process.stderr.write(`round ${round}/${ROUNDS}: ${peer.name}\n`);
      measurements.push(await measure(peer));
    }
  }
  for (const peer of peers) await peer.stop();
  const rows = medians(measurements);
  const cpu = cpus()[0]?.model ?? 'unknown';
  console.log(
    `\n${cpu}, ${cpus().length} cores, Node ${process.version}; 1 KiB GET, ${CONNECTIONS} connections`,
  );
  console.log(`${table(rows, 'Postern, audit strict')}\n`);
  const before = lastRun();
  compare(rows, before);
  keep(rows);
}

await main().finally(() => {
  for (const child of children) child.kill('SIGKILL');
});
