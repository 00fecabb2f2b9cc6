import { type AnswerHead } from './injectors/injector.js';
import {
  type UpstreamController,
  type UpstreamFailed,
  type UpstreamResponseSink,
} from './upstream.js';

/** Most that is read of an answer of which the status alone counts, so that its connection ends in order. */
const DRAINED_BYTES_MAX = 64 * 1024;

/** Takes the head of an answer, and reads no more of the rest than 64 KiB. */
export class HeadSink implements UpstreamResponseSink {
  controller: UpstreamController | undefined;
  #head: AnswerHead | undefined;
  #drained = 0;

  constructor(
    private readonly resolve: (head: AnswerHead) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  onHead(status: number, _statusText: string, rawHeaders: readonly Buffer[]): void {
    this.#head = { status, rawHeaders };
  }

  onData(chunk: Buffer): boolean {
    this.#drained += chunk.length;
    if (this.#drained <= DRAINED_BYTES_MAX) return true;
    this.#end();
    this.controller?.abort(new Error('the status is known'));
    return false;
  }

  onEnd(): void {
    this.#end();
  }

  /** With a head the answer is what it says, however its body ends. */
  onError(error: UpstreamFailed): void {
    if (this.#head === undefined) this.reject(error);
    else this.#end();
  }

  #end(): void {
    this.resolve(this.#head ?? { status: 0, rawHeaders: [] });
  }
}
