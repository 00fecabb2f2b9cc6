import { type RotationKind, type RotationOrigin, type RotationTrigger } from '#rotation';
import { type Fault, faults } from './faulty-port.js';
import { type ChangeFate } from '#testing';
import { type ReplicaLag } from './replicated-account.js';
import { SeededChance } from './seeded-chance.js';

export const interferences = [
  'none',
  'writes_wrong',
  'writes_right',
  'deletes',
  'changes_by_hand',
] as const;
export type Interference = (typeof interferences)[number];

export interface Scenario {
  readonly seed: number;
  readonly kind: RotationKind;
  readonly origin: RotationOrigin;
  readonly trigger: RotationTrigger;
  readonly instances: number;
  /** By the number of the call of a port. */
  readonly faults: ReadonlyMap<number, Fault>;
  readonly fates: readonly ChangeFate[];
  readonly interference: { readonly what: Interference; readonly atMs: number };
  /** The legacy system cannot be reached in this time. */
  readonly outage: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly trouble:
    | {
        readonly what: 'dies' | 'stalls' | 'is_cut_off';
        readonly atMs: number;
        readonly forMs: number;
      }
    | undefined;
  /** Of what comes from an administrator: whether the legacy system takes it. */
  readonly givenValueWorks: boolean;
  readonly hasReconcile: boolean;
  /** With two values: calls are refused with the new one that work with the old one. */
  readonly lag: ReplicaLag | undefined;
}

const ORIGINS: Readonly<Record<RotationKind, readonly RotationOrigin[]>> = {
  single_slot: ['generated', 'generated', 'wrapped'],
  dual_slot: ['generated', 'generated', 'wrapped'],
  external: ['wrapped', 'vault'],
};
const PORT_CALLS = 90;

/** What one seed stands for. */
export function scenarioOf(seed: number): Scenario {
  const chance = new SeededChance(seed * 7919 + 17);
  const kind = chance.of([
    'single_slot',
    'single_slot',
    'dual_slot',
    'dual_slot',
    'external',
  ] as const);
  const origin = chance.of(ORIGINS[kind]);
  const isFaulty = chance.happens(0.8);
  const has = (probability: number): boolean => isFaulty && chance.happens(probability);
  const fault = (): [number, Fault] => [chance.int(0, PORT_CALLS), chance.of(faults)];
  const faultCount = isFaulty ? chance.of([1, 1, 1, 2, 2, 3, 5]) : 0;
  const fromMs = chance.int(0, 8_000);
  return {
    seed,
    kind,
    origin,
    trigger:
      origin === 'vault'
        ? 'vault_change'
        : chance.of(['schedule', 'admin', 'compromise', 'detection']),
    instances: chance.int(1, 3),
    faults: new Map(Array.from({ length: faultCount }, fault)),
    fates: has(0.3)
      ? Array.from({ length: chance.int(1, 3) }, () =>
          chance.of(['refused', 'not_sent', 'answer_lost', 'lies', 'late'] as const),
        )
      : [],
    interference: {
      what: has(0.3) ? chance.of(interferences) : 'none',
      atMs: chance.int(0, 8_000),
    },
    outage: has(0.2)
      ? { fromMs, toMs: fromMs + chance.of([500, 3_000, 20_000, 120_000]) }
      : undefined,
    trouble: has(0.3)
      ? {
          what: chance.of(['dies', 'stalls', 'is_cut_off'] as const),
          atMs: chance.int(0, 6_000),
          forMs: chance.of([1_000, 3_000, 8_000]),
        }
      : undefined,
    givenValueWorks: chance.happens(0.8),
    hasReconcile: chance.happens(0.5),
    lag: kind === 'dual_slot' ? lagOf(seed) : undefined,
  };
}

/** By a chance of its own: the others are as they were. */
function lagOf(seed: number): ReplicaLag | undefined {
  const chance = new SeededChance(seed * 15_485_863 + 11);
  if (!chance.happens(LAGGING_SHARE)) return undefined;
  return { share: chance.of([0.2, 0.5, 1]), forMs: chance.of([1_000, 10_000, LONG_MS]) };
}

const LAGGING_SHARE = 0.4;
const LONG_MS = 24 * 3_600_000;
