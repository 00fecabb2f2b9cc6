import { setTimeout as pause } from 'node:timers/promises';
import { type BenchArguments } from './bench-arguments.js';
import { cpuSeconds, residentMib } from './cpu-time.js';
import { load } from './load.js';
import { nginxIsHere } from './nginx.js';
import { type ProxyPeer, startProxyPeers } from './proxy-peers.js';
import { type Measurement, medians, table } from './report.js';
import { changeOf, keep, lastRows, machine } from './results.js';
import { type Running } from './running.js';

const ROUNDS_DEFAULT = 5;
const CONNECTIONS = 32;

/** Postern's call path beside its peers, interleaved in one run, as a table with ratios. */
export async function proxyBench(settings: BenchArguments, running: Running): Promise<void> {
  if (!nginxIsHere()) throw new Error('the proxy bench needs nginx: apt-get install nginx-light');
  const peers = await startProxyPeers(running);
  const rounds = settings.rounds ?? ROUNDS_DEFAULT;
  const measurements: Measurement[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of peers) {
      process.stderr.write(`proxy, round ${round}/${rounds}: ${peer.name}\n`);
      measurements.push(await measure(peer, settings.seconds));
    }
  }
  await running.end();
  tell(medians(measurements));
}

async function measure(peer: ProxyPeer, seconds: number): Promise<Measurement> {
  await load({ ...peer, connections: CONNECTIONS, seconds: 0.5 });
  const before = cpuSeconds(peer.pid);
  const result = await load({ ...peer, connections: CONNECTIONS, seconds });
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

function tell(rows: readonly Measurement[]): void {
  console.log(`\n${machine()}; 1 KiB GET, ${CONNECTIONS} connections`);
  console.log(`${table(rows, 'Postern, audit strict')}\n`);
  const before = lastRows('proxy') as readonly Measurement[];
  for (const row of rows) {
    const old = before.find(({ peer }) => peer === row.peer);
    if (old === undefined) continue;
    const change = changeOf(row.requestsPerCpuSecond, old.requestsPerCpuSecond);
    console.log(`  ${row.peer}: ${change} since the last run`);
  }
  keep('proxy', rows);
}
