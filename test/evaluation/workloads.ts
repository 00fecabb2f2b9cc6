import { type Chance } from './chance.js';
import { type Environment, KIND_SHARES, MODEL, NUISANCES, ENVIRONMENT_SHARES } from './model.js';
import { addressIn, sixIn, type Zone, zonesOf } from './places.js';

export type WorkloadKind = keyof typeof KIND_SHARES;

export interface Replica {
  readonly zone: Zone;
  readonly ip: string;
  readonly six: string;
  /** Made anew with the process. */
  readonly processId: string;
}

/** A program with its identity, in one environment. */
export interface Workload {
  readonly environment: Environment;
  readonly kind: WorkloadKind;
  readonly subjectId: string;
  readonly subject: string;
  readonly product: string;
  /** `plain`: product and version. `process`: with an id that each process makes. `none`: it names nothing. */
  readonly naming: 'plain' | 'process' | 'none';
  readonly resources: readonly string[];
  readonly binding: 'none' | 'dpop' | 'mtls';
  readonly replicas: readonly Replica[];
  /** Addresses that its zone translates all calls to; undefined: it comes with its own. */
  readonly natPool: readonly string[] | undefined;
  readonly dualStack: boolean;
  /** Replicas share the handle of one exchange through a cache of theirs. */
  readonly sharesHandles: boolean;
  /** How busy it is, as a multiple of the median. */
  readonly weight: number;
  /** When a batch begins, in minutes of the day. */
  readonly startMinute: number;
}

const PRODUCTS = [
  ['settler', 'plain'],
  ['ledger-sync', 'plain'],
  ['Go-http-client', 'plain'],
  ['python-requests', 'plain'],
  ['okhttp', 'plain'],
  ['Java-http-client', 'plain'],
  ['axios', 'plain'],
  ['report-runner', 'process'],
  ['tape-feeder', 'process'],
  ['', 'none'],
] as const;

export const RESOURCES = Array.from({ length: MODEL.resources }, (_, index) => `legacy-${index}`);

export function makeWorkloads(count: number, chance: Chance): readonly Workload[] {
  return Array.from({ length: count }, (_, index) =>
    makeWorkload(index, chance.fork(`workload ${index}`)),
  );
}

function makeWorkload(index: number, chance: Chance): Workload {
  const environment = shared(ENVIRONMENT_SHARES, chance);
  const kind = shared(KIND_SHARES, chance);
  const [product, naming] =
    kind === 'ci' ? (['report-runner', 'process'] as const) : chance.of(PRODUCTS);
  const zones = zonesOf(environment);
  const replicas = kind === 'service' ? chance.int(1, MODEL.replicasMost) : 1;
  const hasNat = kind === 'ci' || chance.happens(NUISANCES.natPool.workloads);
  const home = chance.of(zones);
  const placed = (): Zone => (hasNat ? home : chance.of(zones));
  return {
    ...{ environment, kind, product, naming },
    subjectId: `sub_${chance.hex(32)}`,
    subject: `system:serviceaccount:team-${index % 9}:workload-${index}`,
    resources: resourcesOf(chance),
    binding: kind === 'ci' || !chance.happens(MODEL.bound) ? 'none' : chance.of(['mtls', 'dpop']),
    replicas: Array.from({ length: replicas }, () => makeReplica(placed(), chance)),
    natPool: hasNat ? natPool(home, chance) : undefined,
    dualStack: !hasNat && chance.happens(NUISANCES.dualStack.workloads),
    sharesHandles: kind === 'service' && chance.happens(MODEL.sharedHandles),
    weight: chance.lognormal(1, 0.7),
    startMinute: chance.int(20, 1_400),
  };
}

export const makeReplica = (zone: Zone, chance: Chance): Replica => ({
  zone,
  ip: addressIn(zone, chance),
  six: sixIn(zone, chance),
  processId: chance.uuid(0),
});

const resourcesOf = (chance: Chance): readonly string[] => {
  const most = chance.int(1, MODEL.resourcesOfWorkloadMost);
  return [...new Set(Array.from({ length: most }, () => chance.of(RESOURCES)))];
};

const natPool = (zone: Zone, chance: Chance): readonly string[] => {
  const [least, most] = NUISANCES.natPool.addresses;
  return Array.from({ length: chance.int(least, most) }, () => addressIn(zone, chance));
};

function shared<Name extends string>(shares: Readonly<Record<Name, number>>, chance: Chance): Name {
  const names = Object.keys(shares) as Name[];
  let left = chance.next();
  for (const name of names) {
    left -= shares[name];
    if (left < 0) return name;
  }
  return names.at(-1)!;
}

export interface Caller {
  readonly ip: string;
  readonly user_agent?: string;
}

/** As the replica shows itself to Postern, this time. */
export function callerOf(
  workload: Workload,
  replica: Replica,
  version: string,
  chance: Chance,
): Caller {
  const { natPool: pool, dualStack } = workload;
  const own = dualStack && chance.happens(NUISANCES.dualStack.overSix) ? replica.six : replica.ip;
  const ip = pool === undefined ? own : chance.of(pool);
  const agent = agentOf(workload, replica, version);
  return agent === undefined ? { ip } : { ip, user_agent: agent };
}

function agentOf(
  { product, naming }: Workload,
  { processId }: Replica,
  version: string,
): string | undefined {
  switch (naming) {
    case 'none':
      return undefined;
    case 'plain':
      return `${product}/${version}`;
    case 'process':
      return `${product}-${processId}/${version} (exec)`;
  }
}
