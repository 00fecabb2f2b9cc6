import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type SoakWorld } from './soak-world.js';

/** What the process `proxy` takes, seen from outside. */
export interface ProxySample {
  readonly atSeconds: number;
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  readonly heapMiB: number;
  readonly externalMiB: number;
  /** Of the event loop, since the sample before. */
  readonly loopLagP99Ms: number;
  /** The same of the process that makes the load: what it was late itself is in its latencies too. */
  readonly ownLagP99Ms: number;
  /** Open descriptors by kind, such as `socket`. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** Its TCP sockets by whom they are with and their state, such as `callers ESTABLISHED`. */
  readonly sockets: Readonly<Record<string, number>>;
}

const MIB = 1024 * 1024;
const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
};

const ownDelay = monitorEventLoopDelay({ resolution: 10 });
ownDelay.enable();

export async function sampleOf(world: SoakWorld, startedAtMs: number): Promise<ProxySample> {
  const { proxyPid: pid, addresses } = world;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const metrics = await (await fetch(`${addresses.adminOrigin}/metrics`)).text();
  const links = openFiles(pid);
  const ownLagP99Ms = ownDelay.percentile(99) / 1e6;
  ownDelay.reset();
  return {
    ownLagP99Ms,
    atSeconds: (performance.now() - startedAtMs) / 1000,
    rssMiB: kibibytesOf(status, 'VmRSS') / 1024,
    peakRssMiB: kibibytesOf(status, 'VmHWM') / 1024,
    heapMiB: metricOf(metrics, 'nodejs_heap_size_used_bytes') / MIB,
    externalMiB: metricOf(metrics, 'nodejs_external_memory_bytes') / MIB,
    loopLagP99Ms: metricOf(metrics, 'nodejs_eventloop_lag_p99_seconds') * 1000,
    descriptors: tally(links.map((link) => link.replace(/[:[(].*|^\/.*/, '') || 'file')),
    sockets: tally(socketsOf(pid, links, namesOfPorts(world))),
  };
}

/** Of one kind of peer, in any state but LISTEN. */
export const socketsWith = ({ sockets }: ProxySample, peer: string): number =>
  Object.entries(sockets).reduce(
    (sum, [name, count]) => (name.startsWith(`${peer} `) ? sum + count : sum),
    0,
  );

const kibibytesOf = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN);

const metricOf = (metrics: string, name: string): number =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1] ?? NaN);

function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    const link = linkOf(`/proc/${pid}/fd/${fd}`);
    return link === undefined ? [] : [link];
  });
}

/** Undefined when it was closed meanwhile. */
function linkOf(path: string): string | undefined {
  // eslint-disable-next-line no-restricted-syntax -- A descriptor may go between the listing and this.
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function namesOfPorts(world: SoakWorld): ReadonlyMap<number, string> {
  const { addresses } = world;
  const port = (url: string): number => Number(new URL(url).port);
  return new Map([
    [port(addresses.destinations), 'destinations'],
    [port(addresses.postgresql), 'postgresql'],
    [port(process.env['POSTERN_TEST_OPENBAO_ADDR'] ?? ''), 'vault'],
    [port(addresses.origin), 'callers'],
    [port(addresses.adminOrigin), 'admin'],
  ]);
}

function socketsOf(
  pid: number,
  links: readonly string[],
  names: ReadonlyMap<number, string>,
): readonly string[] {
  const own = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const table = ['tcp', 'tcp6'].map((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8'));
  return table.flatMap((text) =>
    text.split('\n').flatMap((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line
        .trim()
        .split(/\s+/);
      if (!own.has(inode)) return [];
      const peer = names.get(portOf(remote)) ?? names.get(portOf(local)) ?? 'others';
      return [`${peer} ${STATES[state] ?? state}`];
    }),
  );
}

const portOf = (address: string): number => parseInt(address.split(':').at(-1) ?? '', 16);

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
