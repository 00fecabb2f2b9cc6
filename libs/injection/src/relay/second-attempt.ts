import {
  type UpstreamController,
  type UpstreamFailed,
  type UpstreamResponseSink,
} from '../upstream.js';

/** Most that is read of an answer that nobody gets, so that its connection can be used again. */
const DRAINED_BYTES_MAX = 64 * 1024;

export interface AttemptParts {
  /** Gets the answer that counts. */
  readonly sink: UpstreamResponseSink;
  /** Looks at the first answer: sends again and gives the controller of that, or undefined when the answer counts. */
  readonly again: (
    status: number,
    rawHeaders: readonly Buffer[],
  ) => ((sink: UpstreamResponseSink) => UpstreamController) | undefined;
}

/**
 * One request that may have to be sent twice, such as to answer a challenge. The sink hears of one answer; the first, when
 * it does not count, is read to its end and dropped.
 */
export class SecondAttempt implements UpstreamResponseSink, UpstreamController {
  #current: UpstreamController | undefined;
  #send: ((sink: UpstreamResponseSink) => UpstreamController) | undefined;
  #drained = 0;
  #aborted: Error | undefined;

  constructor(private readonly parts: AttemptParts) {}

  /** The first attempt. */
  begin(send: (sink: UpstreamResponseSink) => UpstreamController): this {
    this.#current = send(this);
    return this;
  }

  onHead(status: number, statusText: string, rawHeaders: readonly Buffer[]): void {
    this.#send = this.parts.again(status, rawHeaders);
    if (this.#send === undefined) this.parts.sink.onHead(status, statusText, rawHeaders);
  }

  onData(chunk: Buffer): boolean {
    if (this.#send === undefined) return this.parts.sink.onData(chunk);
    this.#drained += chunk.length;
    if (this.#drained > DRAINED_BYTES_MAX) {
      this.#current?.abort(new Error('an answer that does not count'));
      this.#sendAgain();
    }
    return true;
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    if (this.#send === undefined) this.parts.sink.onEnd(rawTrailers);
    else this.#sendAgain();
  }

  onError(error: UpstreamFailed): void {
    this.parts.sink.onError(error);
  }

  resume(): void {
    this.#current?.resume();
  }

  abort(reason: Error): void {
    this.#aborted = reason;
    this.#current?.abort(reason);
  }

  /** What comes of it goes to the sink: there is no third attempt. */
  #sendAgain(): void {
    if (this.#aborted !== undefined) return;
    this.#current = this.#send?.(this.parts.sink);
  }
}
