import { type Clock, DependencyUnavailable, secondsAfter } from '#kernel';

export interface EvidenceBudgetParts {
  readonly clock: Clock;
  /** Bytes of events that may wait in the outbox; with more, no further handles are issued. */
  readonly outboxBytesMax: number;
  /** How long calls with handles that exist go on after that. */
  readonly strictGraceSeconds: number;
}

/** `closing`: nothing new is begun, what exists goes on for a while. `closed`: that is over too. */
export type EvidenceState = 'open' | 'closing' | 'closed';

/** An answer counts for so long; then nobody knows whether evidence can be kept, and that counts as no. */
export const PRESSURE_KNOWN_SECONDS = 30;
/**
 * Once over the budget, what was refused is permitted again when a tenth of it is free. Else a backlog at the edge would
 * open and close by the second, and each time begin the grace anew.
 */
export const RESUME_SHARE = 0.9;

/**
 * Evidence before availability: what leaves no evidence is not done. Decides by the last measure of the outbox whether
 * exchanges and calls may go on. Synchronous and without I/O; whoever measures tells it.
 */
export class EvidenceBudget {
  readonly #startedAt: Date;
  #measuredAt: Date | undefined;
  #bytes = 0;
  /** Of a run of measures over the budget, the first. */
  #overSince: Date | undefined;

  constructor(private readonly parts: EvidenceBudgetParts) {
    this.#startedAt = parts.clock.now();
  }

  /** So many bytes of events wait now. */
  measured(bytes: number): void {
    const { clock, outboxBytesMax } = this.parts;
    const now = clock.now();
    const limit = this.#overSince === undefined ? outboxBytesMax : outboxBytesMax * RESUME_SHARE;
    this.#overSince = bytes > limit ? (this.#refusedSince() ?? now) : undefined;
    this.#bytes = bytes;
    this.#measuredAt = now;
  }

  get state(): EvidenceState {
    const since = this.#refusedSince();
    if (since === undefined) return 'open';
    const { clock, strictGraceSeconds } = this.parts;
    return clock.now() < secondsAfter(since, strictGraceSeconds) ? 'closing' : 'closed';
  }

  /** Bytes that waited at the last measure, as a share of the budget; more than 1 when over it. */
  get used(): number {
    return this.#bytes / this.parts.outboxBytesMax;
  }

  /** Why something is refused, for an operator; undefined while nothing is. */
  get trouble(): string | undefined {
    const { state } = this;
    if (state === 'open') return undefined;
    const refused = state === 'closing' ? 'exchanges are' : 'exchanges and calls are';
    return `evidence cannot be kept: ${this.#reason()}; ${refused} refused`;
  }

  /** @throws DependencyUnavailable while no handle may be issued */
  requireRoomForExchange(): void {
    if (this.state !== 'open') throw this.#unavailable();
  }

  /** @throws DependencyUnavailable while no call may be begun */
  requireRoomForCall(): void {
    if (this.state === 'closed') throw this.#unavailable();
  }

  #refusedSince(): Date | undefined {
    if (this.#overSince !== undefined) return this.#overSince;
    if (this.#measuredAt === undefined) return this.#startedAt;
    const knownUntil = secondsAfter(this.#measuredAt, PRESSURE_KNOWN_SECONDS);
    return this.parts.clock.now() >= knownUntil ? knownUntil : undefined;
  }

  #reason(): string {
    if (this.#measuredAt === undefined) return 'the outbox has not been measured yet';
    const ageSeconds = (this.parts.clock.now().getTime() - this.#measuredAt.getTime()) / 1000;
    if (ageSeconds >= PRESSURE_KNOWN_SECONDS) {
      return `the outbox could not be measured for ${Math.floor(ageSeconds)} s`;
    }
    const { outboxBytesMax } = this.parts;
    return `${this.#bytes} bytes of events wait in the outbox, of ${outboxBytesMax}`;
  }

  #unavailable(): DependencyUnavailable {
    return new DependencyUnavailable('outbox', `evidence cannot be kept: ${this.#reason()}`);
  }
}
