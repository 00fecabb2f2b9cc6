import { Readable } from 'node:stream';
import { timerDelay } from '#kernel';
import { CallFailed } from '../call-failed.js';
import { type IncomingCall } from '../incoming-call.js';

export interface BodyLimits {
  readonly bytesMax: number;
  readonly idleMs: number;
}

/**
 * The caller's body on its way to the destination: counted, limited, with back-pressure. When the destination stops
 * reading, the rest is taken from the caller and dropped, so that the caller can read the answer. Until that begins, the
 * body fails when nothing of it comes or is taken for `idleMs`.
 */
export class CallBody extends Readable {
  #bytes = 0;
  readonly #idle: NodeJS.Timeout;

  constructor(
    private readonly incoming: IncomingCall,
    private readonly limits: BodyLimits,
  ) {
    super({ highWaterMark: 64 * 1024 });
    this.#idle = setTimeout(this.#onIdle, timerDelay(limits.idleMs));
    incoming.pause();
    incoming.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    incoming.on('error', this.#onClose);
    // It may fail before anybody reads it, or when nobody does any more: whoever reads it looks at `errored`.
    this.on('error', () => undefined);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The answer has begun: from now on it is the one that must not stand still. */
  answered(): void {
    clearTimeout(this.#idle);
  }

  override _read(): void {
    this.#idle.refresh();
    this.incoming.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    callback(error);
    if (!this.incoming.readableEnded) this.incoming.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    this.#idle.refresh();
    if (this.#bytes > this.limits.bytesMax) this.refuse();
    else if (!this.destroyed && !this.push(chunk)) this.incoming.pause();
  };

  readonly #onEnd = (): void => {
    clearTimeout(this.#idle);
    if (!this.destroyed) this.push(null);
  };

  readonly #onClose = (): void => {
    if (this.incoming.readableEnded) return;
    this.destroy(new CallFailed('caller-gone', 'client_abort', 'the caller went away'));
  };

  readonly #onIdle = (): void => {
    const what = `nothing of the body came or was taken within ${this.limits.idleMs} ms`;
    this.destroy(new CallFailed('upstream-timeout', 'upstream_timeout', what));
  };

  /** Once: what comes after is more than anybody has to read. */
  private refuse(): void {
    if (this.destroyed) {
      this.incoming.destroy();
      return;
    }
    this.destroy(
      new CallFailed(
        'request-too-large',
        'response_cut',
        `the body is larger than ${this.limits.bytesMax} bytes`,
      ),
    );
  }
}
