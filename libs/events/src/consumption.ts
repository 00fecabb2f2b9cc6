import { type Clock, DependencyUnavailable } from '#kernel';
import { partitionName } from './blocked-partitions.js';
import { type ConsumptionObserver } from './consumption-observer.js';
import { type DeadLetters } from './dead-letters.js';
import { blockReasonOf, errorClassOf } from './error-class.js';
import {
  type RecordPlace,
  type RejectedRecord,
  type RejectionVerdict,
  type Subscription,
} from './event-bus.js';
import { HopelessRecord } from './hopeless-record.js';
import { rejectionOf } from './record-outcome.js';

/**
 * What a group does with a record that it cannot handle. `evidence`: it becomes a dead letter and the group goes on, as
 * records tell of different things. `state`: the partition stands still and somebody is called, as going on would leave a
 * state that no record says, such as a handle that is revoked nowhere.
 */
export type ConsumptionKind =
  { readonly kind: 'evidence'; readonly deadLetters: DeadLetters } | { readonly kind: 'state' };

export type ConsumptionOptions = ConsumptionKind & {
  readonly group: string;
  readonly clock: Clock;
  /** Resolves after so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
  /** At least 0, less than 1: by how much a pause is shortened, up to half. */
  readonly jitter: () => number;
  /** How often a handler is asked before its record counts as one that it cannot handle; default 5. */
  readonly attempts?: number;
  readonly observer?: ConsumptionObserver;
};

const ATTEMPTS = 5;
const PAUSE_FIRST_MS = 100;

/** A record that failed: one at most for each partition, as the group stays there until it is behind it. */
interface Failing {
  readonly offset: string;
  readonly firstFailedAt: string;
  /** Those that failed by the record itself, not for a dependency that was away. */
  attempts: number;
  told: boolean;
}

/**
 * How a group retries, gives up and goes on. A dependency that is away is never the record's fault: after the attempts
 * the partition stands still, and is tried again, until the dependency is back.
 */
export class Consumption {
  readonly #failing = new Map<string, Failing>();
  readonly #attempts: number;

  constructor(private readonly options: ConsumptionOptions) {
    this.#attempts = options.attempts ?? ATTEMPTS;
  }

  /** What a subscription needs: the handler, asked again when it rejects, and the verdict when it goes on rejecting. */
  of(handle: Subscription['handle']): Required<Pick<Subscription, 'handle' | 'onRejected'>> {
    return {
      handle: async (record, place) => {
        await this.#handle(() => handle(record, place), place);
        const recordedAt = Date.parse(record.event.recordedtime);
        this.options.observer?.onHandled?.(place, this.options.clock.now().getTime() - recordedAt);
      },
      onRejected: (rejected) => this.#verdictOf(rejected),
    };
  }

  /** The same for what others write, such as signed commands: each record knows itself where it lies. */
  ofIncoming<Incoming extends { readonly place: RecordPlace }>(
    handle: (incoming: Incoming) => Promise<void>,
  ): {
    handle: (incoming: Incoming) => Promise<void>;
    onRejected: NonNullable<Subscription['onRejected']>;
  } {
    return {
      handle: (incoming) => this.#handle(() => handle(incoming), incoming.place),
      onRejected: (rejected) => this.#verdictOf(rejected),
    };
  }

  async #handle(work: () => Promise<void>, place: RecordPlace): Promise<void> {
    // A record that comes again is tried once each time: other partitions wait behind its retries.
    const attemptsMax = this.#known(place) === undefined ? this.#attempts : 1;
    for (let attempt = 1; ; attempt += 1) {
      const error = await rejectionOf(work);
      if (error === undefined) {
        this.#recover(place);
        return;
      }
      if (error instanceof HopelessRecord) throw error;
      const failing = this.#note(place);
      if (!(error instanceof DependencyUnavailable)) failing.attempts += 1;
      if (attempt >= attemptsMax) throw error;
      this.options.observer?.onRetry?.(place, errorClassOf(error));
      await this.options.pause(this.#pauseMs(attempt));
    }
  }

  async #verdictOf(rejected: RejectedRecord): Promise<RejectionVerdict> {
    const { place, error } = rejected;
    const failing = this.#note(place);
    if (!this.#isHopeless(error, failing)) {
      this.options.observer?.onTrouble?.(place, blockReasonOf(error));
      return 'blocked';
    }
    if (this.options.kind === 'evidence') return this.#bury(rejected, failing);
    if (!failing.told) this.options.observer?.onAlarm?.({ place, errorClass: errorClassOf(error) });
    failing.told = true;
    return 'blocked';
  }

  #isHopeless(error: Error, { attempts }: Failing): boolean {
    if (error instanceof HopelessRecord) return true;
    return !(error instanceof DependencyUnavailable) && attempts >= this.#attempts;
  }

  async #bury(rejected: RejectedRecord, failing: Failing): Promise<RejectionVerdict> {
    const { options } = this;
    if (options.kind !== 'evidence') return 'blocked';
    const attempts = rejected.error instanceof HopelessRecord ? 0 : failing.attempts;
    const { firstFailedAt } = failing;
    const refused = await rejectionOf(() =>
      options.deadLetters.add({ ...rejected, group: options.group, attempts, firstFailedAt }),
    );
    if (refused !== undefined) {
      options.observer?.onTrouble?.(rejected.place, `no dead letter: ${errorClassOf(refused)}`);
      return 'blocked';
    }
    this.#failing.delete(partitionName(rejected.place));
    options.observer?.onDeadLetter?.(rejected.place, errorClassOf(rejected.error));
    return 'passed';
  }

  #recover(place: RecordPlace): void {
    const failing = this.#known(place);
    if (failing === undefined) return;
    this.#failing.delete(partitionName(place));
    this.options.observer?.onRecovered?.(place);
  }

  #known(place: RecordPlace): Failing | undefined {
    const failing = this.#failing.get(partitionName(place));
    return failing?.offset === place.offset ? failing : undefined;
  }

  #note(place: RecordPlace): Failing {
    const failing = this.#known(place) ?? {
      offset: place.offset,
      firstFailedAt: this.options.clock.now().toISOString(),
      attempts: 0,
      told: false,
    };
    this.#failing.set(partitionName(place), failing);
    return failing;
  }

  #pauseMs(attempt: number): number {
    const full = PAUSE_FIRST_MS * 2 ** (attempt - 1);
    return Math.round(full * (1 - this.options.jitter() / 2));
  }
}
