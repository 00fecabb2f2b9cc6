import { Clock } from '#kernel';

/** An answer that took longer says less than what is known already. */
const ANSWER_MS_MAX = 500;

/**
 * The clock of the store in which rotations wait, by that of this machine: when a wait is over, and for how long calls were
 * held back, is judged in both places, and by other rotators. It goes after the store's by the time that an answer of it
 * takes, and never before: what is due at once here, is due there.
 */
export class StoreClock extends Clock {
  #aheadMs: number | undefined;

  constructor(
    private readonly local: Clock,
    private readonly ask: () => Promise<Date>,
  ) {
    super();
  }

  /** That of this machine, until the store was heard. */
  override now(): Date {
    return new Date(this.local.now().getTime() + (this.#aheadMs ?? 0));
  }

  /** Sets it by the store; call it about every second, as clocks drift and are set. @throws DependencyUnavailable */
  async follow(): Promise<void> {
    const askedMs = this.local.now().getTime();
    const told = await this.ask();
    const answeredMs = this.local.now().getTime();
    if (this.#aheadMs !== undefined && answeredMs - askedMs > ANSWER_MS_MAX) return;
    this.#aheadMs = told.getTime() - answeredMs;
  }

  /** Follows the store unless it was heard before. @throws DependencyUnavailable */
  async begin(): Promise<void> {
    if (this.#aheadMs === undefined) await this.follow();
  }
}
