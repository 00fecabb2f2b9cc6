import { type ClientHttp2Stream, constants, type IncomingHttpStatusHeader } from 'node:http2';
import { Readable } from 'node:stream';
import {
  type UpstreamController,
  UpstreamFailed,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { timerDelay } from '#kernel';
import { type Http2Connection } from './http2-connection.js';
import { http2Headers, receivedFields } from './http2-fields.js';
import { type Http2Pool } from './http2-pool.js';
import { unsendable } from './unsendable.js';
import { upstreamFailure } from './upstream-failure.js';

/** One request and its response on a stream. Tells the sink of one end, whichever comes first. */
export class Http2Exchange implements UpstreamController {
  #connection: Http2Connection | undefined;
  #stream: ClientHttp2Stream | undefined;
  #ended = false;
  #isWhole = false;
  #trailers: readonly Buffer[] = [];
  #headSeen = false;
  #waiting: NodeJS.Timeout | undefined;
  readonly #deadline: NodeJS.Timeout;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly sink: UpstreamResponseSink,
  ) {
    const { totalTimeoutMs } = request.resource.limits;
    this.#deadline = this.#timer(totalTimeoutMs, 'no whole response');
  }

  begin(pool: Http2Pool | undefined): void {
    const problem = this.#problem(pool);
    if (pool === undefined || problem !== undefined) {
      this.#failAs('protocol', problem ?? '');
      return;
    }
    pool.take().then(this.#send, (error: unknown) => {
      this.#fail(upstreamFailure(error as Error, this.#origin, false));
    });
  }

  resume(): void {
    if (this.#ended || this.#stream?.isPaused() !== true) return;
    this.#wait();
    this.#stream.resume();
  }

  abort(_reason: Error): void {
    if (this.#ended) return;
    this.#end();
    this.#cut();
  }

  get #origin(): string {
    return this.request.resource.destination.origin;
  }

  get #body(): Readable | undefined {
    const { body } = this.request;
    return body instanceof Readable ? body : undefined;
  }

  #problem(pool: Http2Pool | undefined): string | undefined {
    const { path, protocol } = this.request;
    const switches = protocol === undefined ? undefined : 'nothing switches on HTTP/2';
    return unsendable(pool, path) ?? switches;
  }

  readonly #send = (connection: Http2Connection): void => {
    if (this.#ended) {
      connection.give();
      return;
    }
    this.#connection = connection;
    const { body } = this.request;
    try {
      if (connection.origin !== this.#origin) throw new TypeError('a connection to elsewhere');
      const stream = connection.session.request(http2Headers(this.request), {
        endStream: body === undefined,
      });
      stream.once('close', () => {
        connection.give();
      });
      this.#listen(stream);
      this.#write(stream);
    } catch (error) {
      if (this.#stream === undefined) connection.give();
      this.#fail(upstreamFailure(error as Error, this.#origin, true));
    }
  };

  #listen(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    noteWholeness(stream, () => (this.#isWhole = true));
    stream
      .on('response', this.#onHead)
      .on('data', this.#onData)
      .on('trailers', (_fields: unknown, _flags: number, raw: readonly string[]) => {
        this.#trailers = receivedFields(raw);
      })
      .on('end', this.#onStreamEnd)
      .on('error', (error: Error) => {
        this.#fail(upstreamFailure(error, this.#origin, true));
      })
      .on('close', () => {
        this.#failAs('aborted', 'ECONNRESET');
      });
  }

  #write(stream: ClientHttp2Stream): void {
    const { body } = this.request;
    this.#wait();
    if (Buffer.isBuffer(body)) stream.end(body);
    else if (body !== undefined) this.#pipe(body, stream);
  }

  #pipe(body: Readable, stream: ClientHttp2Stream): void {
    const failed = (): void => {
      if (!body.readableEnded) this.#failAs('aborted', 'the request body failed');
    };
    if (body.destroyed) failed(); // While the connection was opened.
    body.on('error', failed).once('close', failed).pipe(stream);
    body.on('data', () => this.#waiting?.refresh());
    stream.on('drain', () => this.#waiting?.refresh()).once('finish', () => this.#wait());
  }

  readonly #onHead = (
    fields: IncomingHttpStatusHeader,
    _flags: number,
    raw: readonly string[],
  ): void => {
    if (this.#ended) return;
    this.#headSeen = true;
    this.#wait();
    this.sink.onHead(fields[':status'] ?? 0, '', receivedFields(raw));
  };

  readonly #onData = (chunk: Buffer): void => {
    if (this.#ended) return;
    this.#waiting?.refresh();
    if (this.sink.onData(chunk)) return;
    clearTimeout(this.#waiting); // It is the caller that does not read.
    this.#stream?.pause();
  };

  readonly #onStreamEnd = (): void => {
    if (this.#ended) return;
    if (!this.#isWhole || !this.#headSeen) {
      this.#failAs('aborted', 'ECONNRESET');
      return;
    }
    this.#end();
    if (this.#stream?.writableFinished === false) this.#cut(); // Nobody needs the rest of the body.
    this.sink.onEnd(this.#trailers);
  };

  /** Until the answer begins, counted from the end of the request; else without a byte either way. */
  #wait(): void {
    if (this.#ended) return;
    clearTimeout(this.#waiting);
    const { headersTimeoutMs, idleTimeoutMs } = this.request.resource.limits;
    const isUploading = this.#body !== undefined && this.#stream?.writableFinished !== true;
    this.#waiting =
      this.#headSeen || isUploading
        ? this.#timer(idleTimeoutMs, 'no byte either way')
        : this.#timer(headersTimeoutMs, 'no response');
  }

  #timer(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#connection?.retire(); // It may be dead: others should not wait for it too.
      this.#failAs('timeout', `${what} within ${ms} ms`);
    }, timerDelay(ms));
  }

  #failAs(condition: UpstreamFailed['condition'], what: string): void {
    this.#fail(new UpstreamFailed(condition, `${this.#origin}: ${what}`));
  }

  /** Always later: the sink must not hear of it before `send` has returned. */
  #fail(error: UpstreamFailed): void {
    if (this.#ended) return;
    this.#end();
    this.#cut();
    queueMicrotask(() => {
      this.sink.onError(error);
    });
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#waiting);
  }

  /** RST_STREAM: the connection stays. */
  #cut(): void {
    this.#stream?.close(constants.NGHTTP2_CANCEL);
    this.#stream?.destroy();
    this.#body?.destroy();
  }
}

/**
 * A stream that is reset ends for its reader as one that is whole does, and RST_STREAM may say NO_ERROR. They differ in
 * that the end of a whole one comes before the stream is closed.
 */
function noteWholeness(stream: ClientHttp2Stream, note: () => void): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !stream.closed) note();
    return push(chunk, encoding);
  };
}
