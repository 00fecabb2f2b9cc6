import { Clock, secondsAfter } from '#kernel';

/** A clock that stands still until a test moves it. */
export class FixedClock extends Clock {
  #now: Date;

  constructor(now: Date = new Date('2026-11-20T12:00:00Z')) {
    super();
    this.#now = new Date(now);
  }

  override now(): Date {
    return new Date(this.#now);
  }

  set(now: Date): void {
    this.#now = new Date(now);
  }

  /** Negative seconds turn the clock back. */
  advance(seconds: number): void {
    this.#now = secondsAfter(this.#now, seconds);
  }
}
