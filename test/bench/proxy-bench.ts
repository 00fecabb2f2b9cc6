import { setTimeout as pause } from 'node:timers/promises';
import { startOpenBao, stopOpenBao } from '../support/openbao.js';
import { type BenchArguments } from './bench-arguments.js';
import { BenchPostgres } from './bench-postgres.js';
import { cpuSeconds, residentMib } from './cpu-time.js';
import { load, type LoadRequest, type LoadResult, openLoad } from './load.js';
import { nginxIsHere } from './nginx.js';
import { LARGE_BYTES, type ProxyPeer, type ProxyPeers, startProxyPeers } from './proxy-peers.js';
import { tellProxy } from './proxy-verdict.js';
import { type Measurement, medians, type Part } from './report.js';
import { type Running } from './running.js';

const ROUNDS_DEFAULT = 5;
export const CONNECTIONS = 32;
const SMALL = '/accounts/42';
/** What a process in Node needs to have its code compiled and its caches filled; a server runs for weeks after that. */
const WARM_UP_SECONDS = 5;
/** What was buffered is part of the cost. */
const SETTLE_MS = 300;

/** Of one peer: where its CPU seconds are counted, and what does the asking. */
interface Subject {
  readonly part: Part;
  readonly peer: string;
  /** Undefined: nothing is in between whose CPU could be counted. */
  readonly pid: number | undefined;
  readonly ask: (seconds: number) => Promise<LoadResult>;
}

/** Postern's call path beside its peers, interleaved in one run, as tables with ratios. */
export async function proxyBench(settings: BenchArguments, running: Running): Promise<void> {
  if (!nginxIsHere()) throw new Error('the proxy bench needs nginx: apt-get install nginx-light');
  await provideOpenBao(running);
  await BenchPostgres.start(running);
  const peers = await startProxyPeers(running);
  const rounds = settings.rounds ?? ROUNDS_DEFAULT;
  const run = (subjects: readonly Subject[]): Promise<Measurement[]> =>
    interleaved(subjects, { rounds, seconds: settings.seconds });
  const small = await run(smallGets(peers));
  const rest = await run([...atHalfRate(peers, small), ...floods(peers), ...largeBodies(peers)]);
  await running.end();
  tellProxy(medians([...small, ...rest]));
}

/** What the proxy reads its secrets from: told to the processes by the variables that tests are told by. */
async function provideOpenBao(running: Running): Promise<void> {
  const variables = await startOpenBao();
  if (Object.keys(variables).length === 0) throw new Error('the bench needs OpenBao or Vault');
  running.add(() => stopOpenBao());
  Object.assign(process.env, variables);
}

const smallGets = ({ others, postern }: ProxyPeers): readonly Subject[] =>
  [...others, ...postern].map((peer) =>
    closed('1 KiB GET', peer, { ...peer, url: `${peer.base}${SMALL}` }),
  );

/** Latency is compared at half of what Postern can take: there nobody queues. */
function atHalfRate(
  { backend, postern }: ProxyPeers,
  small: readonly Measurement[],
): readonly Subject[] {
  const strict = medians(small).find(({ peer }) => peer === 'Postern, audit strict');
  const perSecond = (strict?.requestsPerSecond ?? 0) / 2;
  const direct = { name: 'the backend, direct', pid: undefined, base: backend, headers: {} };
  return [direct, ...postern].map(({ name, pid, base, headers }) => ({
    part: 'half rate',
    peer: name,
    pid,
    ask: (seconds) =>
      openLoad({ url: `${base}${SMALL}`, headers, connections: CONNECTIONS, seconds, perSecond }),
  }));
}

/** Handles that get nobody anywhere. */
function floods({ postern }: ProxyPeers): readonly Subject[] {
  const [peer] = postern;
  if (peer === undefined) return [];
  const unknown = `${peer.under.handle.slice(0, -7)}${'0'.repeat(7)}`;
  const flood = (what: string, handle: string): Subject =>
    closed(
      'flood',
      { ...peer, name: what },
      {
        url: `${peer.base}${SMALL}`,
        headers: { authorization: `Bearer ${handle}` },
        status: 401,
      },
    );
  return [
    flood('a revoked handle', peer.under.revokedHandle),
    flood('a malformed handle', unknown),
    flood('no handle of ours', 'x'.repeat(40)),
  ];
}

function largeBodies({ bare, postern }: ProxyPeers): readonly Subject[] {
  const body = Buffer.alloc(LARGE_BYTES, 'x');
  return [bare, ...postern].flatMap((peer) => [
    closed('10 MiB down', peer, { ...peer, url: `${peer.base}/accounts/large` }),
    closed('10 MiB up', peer, { ...peer, url: `${peer.base}/entries`, method: 'POST', body }),
  ]);
}

const closed = (
  part: Part,
  { name, pid }: Pick<ProxyPeer, 'name' | 'pid'>,
  request: LoadRequest,
): Subject => ({
  part,
  peer: name,
  pid,
  ask: (seconds) => load({ ...request, connections: CONNECTIONS, seconds }),
});

async function interleaved(
  subjects: readonly Subject[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { part, peer, ask } of subjects) {
    process.stderr.write(`proxy, warm-up, ${part}: ${peer}\n`);
    await ask(WARM_UP_SECONDS);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const subject of subjects) {
      process.stderr.write(`proxy, round ${round}/${rounds}, ${subject.part}: ${subject.peer}\n`);
      measurements.push(await measure(subject, seconds));
    }
  }
  return measurements;
}

async function measure({ part, peer, pid, ask }: Subject, seconds: number): Promise<Measurement> {
  await ask(0.5);
  const before = pid === undefined ? 0 : cpuSeconds(pid);
  const residentBefore = pid === undefined ? 0 : residentMib(pid);
  const result = await ask(seconds);
  await pause(SETTLE_MS);
  const cpu = pid === undefined ? Number.NaN : cpuSeconds(pid) - before;
  const resident = pid === undefined ? Number.NaN : residentMib(pid);
  return {
    part,
    peer,
    requestsPerCpuSecond: result.requests / cpu,
    requestsPerSecond: result.requests / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    residentMib: resident,
    grownMib: resident - residentBefore,
  };
}
