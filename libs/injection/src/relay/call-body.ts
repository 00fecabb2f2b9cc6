import { Readable } from 'node:stream';
import { CallFailed } from '../call-failed.js';
import { type IncomingCall } from '../incoming-call.js';

/**
 * The caller's body on its way to the destination: counted, limited, with back-pressure. When the destination stops
 * reading, the rest is taken from the caller and dropped, so that the caller can read the answer.
 */
export class CallBody extends Readable {
  #bytes = 0;

  constructor(
    private readonly incoming: IncomingCall,
    private readonly bytesMax: number,
  ) {
    super({ highWaterMark: 64 * 1024 });
    incoming.pause();
    incoming.on('data', this.#onData).once('end', this.#onEnd).once('close', this.#onClose);
    incoming.on('error', this.#onClose);
  }

  get bytes(): number {
    return this.#bytes;
  }

  override _read(): void {
    this.incoming.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    callback(error);
    if (!this.incoming.readableEnded) this.incoming.resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) this.refuse();
    else if (!this.destroyed && !this.push(chunk)) this.incoming.pause();
  };

  readonly #onEnd = (): void => {
    if (!this.destroyed) this.push(null);
  };

  readonly #onClose = (): void => {
    if (this.incoming.readableEnded) return;
    this.destroy(new CallFailed('caller-gone', 'client_abort', 'the caller went away'));
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
        `the body is larger than ${this.bytesMax} bytes`,
      ),
    );
  }
}
