import { type IncomingHttpHeaders } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { type RequestHead } from './http2-head.js';
import { type HttpRequest } from './http-exchange.js';
import { resetStream } from './reset-stream.js';

/**
 * A request of HTTP/2 as the one of HTTP/1.1 that says the same. Its body ends only when its stream says so (END_STREAM)
 * and it is as long as it was announced to be; else it is destroyed, so that a part is never taken for the whole.
 */
export class Http2Request extends Readable implements HttpRequest {
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly headers: IncomingHttpHeaders;
  #complete = false;
  #reading = false;
  #bytes = 0;

  constructor(
    private readonly stream: ServerHttp2Stream,
    head: RequestHead,
    /** The connection itself, not the stand-in of node:http2. */
    readonly socket: Socket,
  ) {
    super({ autoDestroy: false });
    ({
      method: this.method,
      url: this.url,
      rawHeaders: this.rawHeaders,
      headers: this.headers,
    } = head);
    this.on('error', () => undefined); // Who reads hears of it; nobody has to.
    stream.once('close', () => this.#close());
  }

  get complete(): boolean {
    return this.#complete;
  }

  override _read(): void {
    if (!this.#reading) this.#begin();
    this.stream.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    callback(error);
    if (!this.#complete) resetStream(this.stream, constants.NGHTTP2_CANCEL);
  }

  #begin(): void {
    const { stream, headers } = this;
    this.#reading = true;
    // RFC 9110 section 10.1.1: asked for when somebody reads it, and not before.
    if (headers.expect !== undefined && !stream.headersSent && !stream.closed) {
      stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE });
    }
    stream.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (!this.push(chunk)) stream.pause();
    });
    stream.once('end', () => this.#end());
  }

  /** node:http2 also ends a stream that the caller resets. */
  #end(): void {
    const announced = this.headers['content-length'];
    if (this.stream.closed || this.stream.aborted) this.#close();
    else if (announced !== undefined && Number(announced) !== this.#bytes) this.#close();
    else {
      this.#complete = true;
      this.push(null);
    }
  }

  #close(): void {
    if (!this.destroyed) this.destroy(this.#complete ? undefined : new Error('aborted'));
  }
}
