import { DependencyUnavailable } from '#kernel';
import { errorOf } from './error-class.js';
import {
  type EventBus,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
} from './event-bus.js';

export interface KeptSubscriptionParts {
  /** Begins a subscription: of a bus, or of a command feed. */
  readonly subscribe: (onFailure: (error: Error) => void) => Promise<SubscriptionHandle>;
  /** Resolves after so many milliseconds; at once, also without waiting, when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly onProblem: (message: string) => void;
  /** It ended for another reason than that the bus is away: the process should end too. */
  readonly onFailure: (error: Error) => void;
}

const PAUSE_FIRST_MS = 1_000;
const PAUSE_MOST_MS = 30_000;

/**
 * A subscription of a process that must also serve while the bus is away, and start then: it subscribes in the
 * background, and again after the bus was gone. What it says of its progress tells how long that lasts.
 */
export class KeptSubscription implements SubscriptionHandle {
  readonly #stopping = new AbortController();
  #current: SubscriptionHandle | undefined;
  #awaySince: number;
  #caughtUp = false;
  readonly #running: Promise<void>;

  constructor(private readonly parts: KeptSubscriptionParts) {
    this.#awaySince = parts.now();
    this.#running = this.#run();
  }

  /** A subscription on a bus, kept. */
  static on(
    bus: EventBus,
    subscription: Subscription,
    parts: Omit<KeptSubscriptionParts, 'subscribe' | 'onFailure'>,
  ): KeptSubscription {
    return new KeptSubscription({
      ...parts,
      subscribe: (onFailure) => bus.subscribe({ ...subscription, onFailure }),
      onFailure: subscription.onFailure,
    });
  }

  get progress(): SubscriptionProgress {
    const progress = this.#current?.progress;
    this.#caughtUp ||= progress?.caughtUp === true;
    const idleMs = progress?.idleMs ?? Math.round(this.parts.now() - this.#awaySince);
    return { idleMs, caughtUp: this.#caughtUp, blocked: progress?.blocked ?? [] };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let pauseMs = PAUSE_FIRST_MS;
    while (!signal.aborted) {
      const { error, wasReading } = await this.#session();
      if (error === undefined) return;
      if (!(error instanceof DependencyUnavailable)) {
        this.parts.onFailure(error);
        return;
      }
      pauseMs = wasReading ? PAUSE_FIRST_MS : Math.min(pauseMs * 2, PAUSE_MOST_MS);
      this.parts.onProblem(`${error.message}; subscribing again in ${pauseMs / 1_000} s`);
      await this.parts.pause(pauseMs, signal);
    }
  }

  /** Resolves when it has ended: to why, unless it was stopped. */
  async #session(): Promise<{ error?: Error; wasReading: boolean }> {
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<Error>((resolve) => {
      fail = resolve;
    });
    try {
      this.#current = await this.parts.subscribe(fail);
    } catch (error) {
      return { error: errorOf(error), wasReading: false };
    }
    const error = await Promise.race([failed, this.#stopped()]);
    this.#awaySince = this.parts.now();
    await this.#current.stop().catch(() => undefined);
    this.#current = undefined;
    return error === undefined ? { wasReading: true } : { error, wasReading: true };
  }

  #stopped(): Promise<undefined> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }
}
