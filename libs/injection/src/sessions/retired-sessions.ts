import { type Clock } from '#kernel';
import { type OpenedSession } from './session-opener.js';

/** Above that a session is closed at once. */
const RETIRED_MAX = 1_000;

/** Sessions that no further call gets, until the calls that have them are over. Then they are closed. */
export class RetiredSessions {
  readonly #closing: { readonly session: OpenedSession; readonly fromMs: number }[] = [];

  constructor(private readonly clock: Clock) {}

  /** @param callMsMax The longest that a call may take. */
  add(session: OpenedSession, callMsMax: number): void {
    if (session.close === undefined) return;
    const isFull = this.#closing.length >= RETIRED_MAX;
    const fromMs = isFull ? -Infinity : this.clock.now().getTime() + callMsMax;
    this.#closing.push({ session, fromMs });
    if (isFull) void this.closeDue();
  }

  /** Resolves when those whose calls are over have been closed. */
  closeDue(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    return this.#close(({ fromMs }) => fromMs <= nowMs);
  }

  closeAll(): Promise<void> {
    return this.#close(() => true);
  }

  async #close(isDue: (closing: { readonly fromMs: number }) => boolean): Promise<void> {
    const due = this.#closing.filter(isDue);
    const left = this.#closing.filter((closing) => !isDue(closing));
    this.#closing.splice(0, this.#closing.length, ...left);
    await Promise.all(due.map(async ({ session }) => session.close?.()));
  }
}
