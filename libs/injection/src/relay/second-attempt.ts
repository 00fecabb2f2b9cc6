import { type Duplex } from 'node:stream';
import {
  type UpstreamController,
  type UpstreamFailed,
  type UpstreamResponseSink,
} from '../upstream.js';
import { HeldAnswer } from './held-answer.js';

/** Most that is read of an answer that nobody gets, so that its connection can be used again. */
const DRAINED_BYTES_MAX = 64 * 1024;

type Send = (sink: UpstreamResponseSink) => UpstreamController;

export interface AttemptParts {
  /** Gets the answer that counts. */
  readonly sink: UpstreamResponseSink;
  /**
   * Looks at the first answer: sends again and gives the controller of that, or undefined when the answer counts. With a
   * promise the answer is held until it is known; it counts when the promise is rejected.
   */
  readonly again: (
    status: number,
    rawHeaders: readonly Buffer[],
  ) => Send | undefined | Promise<Send | undefined>;
}

/**
 * One request that may have to be sent twice, such as to answer a challenge. The sink hears of one answer; the first, when
 * it does not count, is read to its end and dropped.
 */
export class SecondAttempt implements UpstreamResponseSink, UpstreamController {
  #current: UpstreamController | undefined;
  #send: Send | undefined;
  /** The first answer, while it is not known whether it counts. */
  #held: HeldAnswer | undefined;
  #drained = 0;
  #aborted: Error | undefined;

  constructor(private readonly parts: AttemptParts) {}

  /** The first attempt. */
  begin(send: Send): this {
    this.#current = send(this);
    return this;
  }

  onHead(status: number, statusText: string, rawHeaders: readonly Buffer[]): void {
    const again = this.parts.again(status, rawHeaders);
    if (again instanceof Promise) {
      const held = new HeldAnswer({ status, statusText, rawHeaders });
      this.#held = held;
      again.then(
        (send) => this.#decided(held, send),
        () => this.#decided(held, undefined),
      );
      return;
    }
    this.#send = again;
    if (again === undefined) this.parts.sink.onHead(status, statusText, rawHeaders);
  }

  onUpgrade(rawHeaders: readonly Buffer[], destination: Duplex): void {
    this.parts.sink.onUpgrade?.(rawHeaders, destination);
  }

  onData(chunk: Buffer): boolean {
    if (this.#held !== undefined) return this.#held.onData(chunk);
    if (this.#send === undefined) return this.parts.sink.onData(chunk);
    this.#drained += chunk.length;
    if (this.#drained > DRAINED_BYTES_MAX) {
      this.#current?.abort(new Error('an answer that does not count'));
      this.#sendAgain();
    }
    return true;
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    if (this.#held !== undefined) this.#held.onEnd(rawTrailers);
    else if (this.#send === undefined) this.parts.sink.onEnd(rawTrailers);
    else this.#sendAgain();
  }

  onError(error: UpstreamFailed): void {
    if (this.#held !== undefined) this.#held.onError(error);
    else if (this.#send === undefined) this.parts.sink.onError(error);
    else this.#sendAgain();
  }

  resume(): void {
    this.#current?.resume();
  }

  abort(reason: Error): void {
    this.#aborted = reason;
    this.#current?.abort(reason);
  }

  #decided(held: HeldAnswer, send: Send | undefined): void {
    if (this.#aborted !== undefined) return;
    this.#held = undefined;
    this.#send = send;
    if (send === undefined) {
      if (held.tell(this.parts.sink)) this.#current?.resume();
    } else if (held.hasEnded) this.#sendAgain();
    else this.#current?.resume();
  }

  /** What comes of it goes to the sink: there is no third attempt. */
  #sendAgain(): void {
    if (this.#aborted !== undefined) return;
    this.#current = this.#send?.(this.parts.sink);
  }
}
