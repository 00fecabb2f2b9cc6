/** What the simulated traffic is drawn from. docs/detection-evaluation.md says the same in words. */

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A Monday: days 5 and 6 of a week are its weekend. */
export const FIRST_DAY_MS = Date.UTC(2026, 9, 5);

export const environments = ['dev', 'staging', 'prod'] as const;
export type Environment = (typeof environments)[number];
export const deploymentOfEnvironment = (environment: Environment): string =>
  `postern-${environment}`;

/** Seeds below are for looking at rules and setting figures; attacks that count are drawn from seeds of at least this. */
export const EVALUATION_SEEDS_FROM = 1_000;

export interface Volume {
  readonly seed: number;
  /** Events without attacks, about. */
  readonly events: number;
  readonly workloads: number;
  readonly days: number;
  /** Episodes of each attack and variant; 0: benign traffic alone. */
  readonly episodes: number;
}

/** Attacks begin after this part of the days: what learns has learnt by then. */
export const LEARNING_PART = 0.7;

/** Shares of the environments, and of the kinds of workload. */
export const ENVIRONMENT_SHARES = { dev: 0.15, staging: 0.25, prod: 0.6 } as const;
export const KIND_SHARES = { service: 0.6, poller: 0.15, batch: 0.15, ci: 0.1 } as const;

/** How much goes on in an hour of the day (UTC), as a part of the busiest. */
export const DIURNAL = [
  0.25, 0.2, 0.2, 0.2, 0.25, 0.35, 0.5, 0.7, 0.9, 1, 1, 1, 0.95, 1, 1, 1, 0.95, 0.85, 0.7, 0.6, 0.5,
  0.4, 0.35, 0.3,
] as const;
export const WEEKEND = 0.4;

export const HANDLE_SECONDS = 300;
export const MODEL = {
  replicasMost: 6,
  resources: 14,
  /** Of a workload: 1 to this many of its own. */
  resourcesOfWorkloadMost: 3,
  bound: 0.3,
  /** Of services: replicas share handles through a cache. */
  sharedHandles: 0.15,
  callsMean: 4,
  callBytesMedian: 8_000,
  callBytesSigma: 1.2,
  batchBytesMedian: 180_000_000,
  batchBytesSigma: 0.25,
  batchCalls: 12,
  /** From the event to who reads it. */
  arrivalMs: [40, 900],
  upstreamErrors: 0.004,
} as const;

/** How often each nuisance happens. */
export const NUISANCES = {
  timeoutRetry: { perSession: 0.004, withinSeconds: [1, 9] },
  podReschedule: { perReplicaDay: 0.15 },
  natPool: { workloads: 0.3, addresses: [4, 16] },
  dualStack: { workloads: 0.2, overSix: 0.4 },
  blueGreen: { perWorkloadDay: 0.08, hours: [0.5, 3] },
  clockSkew: { seconds: 30, processes: 3 },
  kafkaOutage: { perDay: 0.2, minutes: [15, 40], drainMinutes: 2 },
  scaleOut: { perServiceDay: 0.03, factor: 10, overSeconds: 240 },
  certificateRenewal: { perBoundWorkloadDay: 0.25, inFlight: 0.5, stale: 0.1 },
  rotation: { perResourceDay: 0.1, overSeconds: 60 },
} as const;

/** What else happens to the honest, and is denied. */
export const BACKGROUND = {
  expiredUse: { perSession: 0.002, most: 3 },
  unknownHandle: { perDay: 2, most: 4 },
  malformedHandle: { perDay: 2, most: 12 },
  policyTypo: { perDay: 0.4, tries: [5, 40] },
  proofSkewed: { perDay: 1 },
} as const;
