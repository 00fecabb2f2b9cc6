import { type Clock } from '#kernel';
import { SessionNotOpened } from './session-opener.js';

const PAUSE_SECONDS_FIRST = 1;
const PAUSE_SECONDS_MAX = 30;

/**
 * Keeps what opens sessions from asking again and again with a secret that is refused, which locks accounts, or a server
 * that is down: after a failure nothing is opened for a second, twice as long after each further one, 30 s at most. Until
 * an opening has succeeded there is one at a time.
 */
export class OpeningGate {
  #failures = 0;
  #proven = false;
  #pausedUntilMs = -Infinity;
  #trial: Promise<unknown> | undefined;

  constructor(private readonly clock: Clock) {}

  get isPaused(): boolean {
    return this.clock.now().getTime() < this.#pausedUntilMs;
  }

  /** @throws SessionNotOpened during a pause; what `open` throws */
  async pass<T>(open: () => Promise<T>): Promise<T> {
    while (!this.#proven && this.#trial !== undefined) await this.#trial;
    if (this.isPaused) {
      throw new SessionNotOpened(
        'no session could be opened a moment ago; it is not tried again yet',
      );
    }
    const opening = this.#tried(open);
    if (!this.#proven) this.#try(opening);
    return opening;
  }

  #try(opening: Promise<unknown>): void {
    const ended = (): void => {
      this.#trial = undefined;
    };
    this.#trial = opening.then(ended, ended);
  }

  async #tried<T>(open: () => Promise<T>): Promise<T> {
    try {
      const opened = await open();
      this.#failures = 0;
      this.#proven = true;
      return opened;
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  #failed(): void {
    const seconds = Math.min(PAUSE_SECONDS_FIRST * 2 ** this.#failures, PAUSE_SECONDS_MAX);
    this.#failures += 1;
    this.#proven = false;
    this.#pausedUntilMs = this.clock.now().getTime() + seconds * 1000;
  }
}
