import { KeptSubscription, type KeptSubscriptionParts, type SubscriptionProgress } from '#events';
import { retryPace } from '#platform';

/** What is read for as long as the process lives. Does not wait for the bus, which may be away. */
export class KeptReading {
  #subscription: KeptSubscription | undefined;
  #failure: Error | undefined;

  /** Why nothing is read any more; undefined while it is. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get hasBegun(): boolean {
    return this.#subscription !== undefined;
  }

  get progress(): SubscriptionProgress {
    return this.#subscription?.progress ?? { idleMs: 0, caughtUp: false, blocked: [] };
  }

  /** `onFailure`: is told besides, once. */
  start({
    onFailure,
    ...parts
  }: Pick<KeptSubscriptionParts, 'subscribe' | 'onProblem'> &
    Partial<Pick<KeptSubscriptionParts, 'onFailure'>>): void {
    this.#subscription = new KeptSubscription({
      ...parts,
      ...retryPace,
      onFailure: (error) => {
        this.#failure = error;
        onFailure?.(error);
      },
    });
  }

  /** Resolves when nothing is being taken any more. */
  async stop(): Promise<void> {
    await this.#subscription?.stop();
  }
}
