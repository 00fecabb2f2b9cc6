import { type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { Writable } from 'node:stream';
import { OF_A_CONNECTION } from './http2-head.js';
import { type HttpResponse } from './http-exchange.js';
import { resetStream } from './reset-stream.js';

/** For what is left of a request after its answer. */
const LINGER_MS = 100;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/;
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

type Headers = Record<string, string | string[]>;

export interface Http2ResponseOptions {
  /** Of the request. */
  readonly method: string;
  /** After its end the answer is cut when so long nothing of it is taken: its connection may stay open for others. */
  readonly takenWithinMs: number;
  /** Hears that the answer is cut by us, and not by its caller. */
  readonly cut?: () => void;
}

/**
 * The answer to a request of HTTP/2, with what node:http's ServerResponse has of it that the call path and Fastify use.
 * Destroyed before its end it resets the stream, so that a part is never taken for the whole.
 */
export class Http2Response extends Writable implements HttpResponse {
  statusCode = 200;
  #headersSent = false;
  #withoutBody = false;
  readonly #set = new Map<string, string | string[]>();
  readonly #trailers: Headers = {};

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly of: Http2ResponseOptions,
  ) {
    super();
    this.on('error', () => undefined); // Who writes hears of it by its end.
    stream.on('error', () => undefined).once('close', () => this.destroy());
  }

  get headersSent(): boolean {
    return this.#headersSent;
  }

  setHeader(name: string, value: OutgoingHttpHeader): this {
    this.#set.set(name.toLowerCase(), textOf(value));
    return this;
  }

  getHeader(name: string): string | string[] | undefined {
    return this.#set.get(name.toLowerCase());
  }

  getHeaders(): Headers {
    return Object.fromEntries(this.#set);
  }

  hasHeader(name: string): boolean {
    return this.#set.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#set.delete(name.toLowerCase());
  }

  /** HTTP/2 has no status text. @throws TypeError for what is no header, RangeError for what is no final status */
  writeHead(
    status: number,
    first?: string | string[] | OutgoingHttpHeaders,
    second?: string[] | OutgoingHttpHeaders,
  ): this {
    if (this.#headersSent) throw new TypeError('the head was written already');
    const headers = sendable(pairsOf(typeof first === 'string' ? second : (first ?? second)));
    const { stream } = this;
    this.statusCode = status;
    this.#withoutBody = this.of.method === 'HEAD' || WITHOUT_BODY.has(status);
    if (!stream.closed && !stream.destroyed) {
      const waitForTrailers = !this.#withoutBody;
      stream.respond(
        { ...sendable(pairsOf(this.getHeaders())), ...headers, ':status': status },
        { waitForTrailers },
      );
      stream.once('wantTrailers', () => this.#last());
      this.#watch();
    }
    this.#headersSent = true;
    return this;
  }

  flushHeaders(): void {
    if (!this.#headersSent) this.writeHead(this.statusCode);
  }

  addTrailers(trailers: [string, string][] | OutgoingHttpHeaders): void {
    const pairs = isPairs(trailers) ? trailers : pairsOf(trailers);
    Object.assign(this.#trailers, sendable(pairs));
  }

  override _write(
    chunk: Buffer,
    _: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.flushHeaders();
    if (this.#withoutBody) callback();
    else this.stream.write(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.flushHeaders();
    const { stream } = this;
    if (this.#withoutBody) this.#linger();
    else stream.end();
    this.#cutAfter(this.of.takenWithinMs, constants.NGHTTP2_CANCEL);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.writableFinished) {
      if (!this.stream.closed) this.of.cut?.();
      resetStream(this.stream, constants.NGHTTP2_INTERNAL_ERROR);
    }
    callback(error);
  }

  /** The body is out. */
  #last(): void {
    const { stream } = this;
    if (stream.closed || stream.destroyed) return;
    stream.sendTrailers(this.#trailers);
    this.#linger();
  }

  /** RFC 9113 section 8.1: what the caller still sends of its request nobody needs. */
  #linger(): void {
    this.#cutAfter(LINGER_MS, constants.NGHTTP2_NO_ERROR);
  }

  #watch(): void {
    const { stream, of } = this;
    stream.setTimeout(of.takenWithinMs, () => {
      if (this.writableEnded) stream.close(constants.NGHTTP2_CANCEL);
      else this.#watch();
    });
  }

  #cutAfter(ms: number, code: number): void {
    const { stream } = this;
    const timer = setTimeout(() => resetStream(stream, code), ms).unref();
    stream.once('close', () => clearTimeout(timer));
  }
}

const isPairs = (
  headers: [string, string][] | OutgoingHttpHeaders,
): headers is [string, string][] => Array.isArray(headers);

const textOf = (value: OutgoingHttpHeader): string | string[] =>
  Array.isArray(value) ? value.map(String) : String(value);

function pairsOf(headers: readonly string[] | OutgoingHttpHeaders = []): [string, string][] {
  const pairs: [string, string][] = [];
  if (Array.isArray(headers)) {
    const flat = headers as readonly string[];
    for (let index = 0; index < flat.length; index += 2) {
      pairs.push([flat[index] ?? '', flat[index + 1] ?? '']);
    }
    return pairs;
  }
  for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) {
    if (value === undefined) continue;
    for (const one of [textOf(value)].flat()) pairs.push([name, one]);
  }
  return pairs;
}

/**
 * RFC 9113 section 8.2: names in lower case, nothing of a connection, and nothing that is no header: node:http2 would
 * send it. What stands twice is joined (RFC 9110 section 5.3), but for cookies.
 */
function sendable(pairs: readonly [string, string][]): Headers {
  const headers: Headers = {};
  for (const [received, value] of pairs) {
    const name = received.toLowerCase();
    if (OF_A_CONNECTION.has(name) || name === 'te') continue;
    if (!NAME.test(name) || UNSENDABLE.test(value)) throw new TypeError('not a header of HTTP/2');
    const before = headers[name];
    const text = value.trim();
    if (name === 'set-cookie') headers[name] = [before ?? [], text].flat();
    else headers[name] = before === undefined ? text : `${String(before)}, ${text}`;
  }
  return headers;
}
