import { type FixedClock, LegacyAccount } from '#testing';
import { type SeededChance } from './seeded-chance.js';

/** Replicas of the legacy system that do not take a new value, though the account has it. */
export interface ReplicaLag {
  /** Of the calls with it; they reach such a replica. */
  readonly share: number;
  /** From the first call with it; then all replicas take it. */
  readonly forMs: number;
}

/**
 * An account of a legacy system with replicas, of which some lag behind. Rotators ask the one that was changed, so that
 * nobody but a call can find out. A replica that does not know a value counts no bad login.
 */
export class ReplicatedAccount extends LegacyAccount {
  readonly #knownEverywhere: string;
  readonly #firstCallMs = new Map<string, number>();

  constructor(
    slots: 1 | 2,
    first: string,
    clock: FixedClock,
    private readonly replicas?: { readonly lag: ReplicaLag; readonly chance: SeededChance },
  ) {
    super(slots, first, clock);
    this.#knownEverywhere = first;
  }

  /** What a call comes to. */
  call(value: string): 'ok' | 'fail' | 'not_known_here' {
    const result = this.login(value, 'call');
    return result === 'ok' && this.#meetsLaggard(value) ? 'not_known_here' : result;
  }

  #meetsLaggard(value: string): boolean {
    if (this.replicas === undefined || value === this.#knownEverywhere) return false;
    const firstMs = this.#firstCallMs.get(value) ?? this.nowMs;
    this.#firstCallMs.set(value, firstMs);
    const { lag, chance } = this.replicas;
    return this.nowMs - firstMs < lag.forMs && chance.happens(lag.share);
  }
}
