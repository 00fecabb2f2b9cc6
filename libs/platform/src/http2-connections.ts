import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import { type TLSSocket } from 'node:tls';
import { destroyAfter } from './destroy-after.js';
import { FrameBudget } from './frame-budget.js';
import { HEAD_BYTES_MAX, HEADERS_MAX } from './head-limits.js';
import { type UnreadRequest } from './http-exchange.js';
import { http2Head, type ReceivedHead, type RequestHead } from './http2-head.js';
import { Http2Request } from './http2-request.js';
import { Http2Response } from './http2-response.js';
import { MalformedRequest } from './malformed-request.js';
import { letGoWhenReset } from './reset-stream.js';

export interface Http2ConnectionsParts {
  readonly serve: (request: Http2Request, response: Http2Response) => void;
  /** Hears of what was refused. Must not throw. */
  readonly refused: (request: UnreadRequest) => void;
  /** Until a connection brings its first request. */
  readonly firstRequestMs: number;
  /** Without a request. */
  readonly idleMs: number;
  /** For an answer whose caller takes nothing more of it. */
  readonly takenWithinMs: number;
}

const STREAMS_MAX = 100;
const MEGABYTES_MAX = 10;
/** Frames that break the protocol, of one connection. */
const INVALID_FRAMES_MAX = 100;
/** For the GOAWAY of a connection that is ended. */
const LAST_WORD_MS = 1_000;

const OPTIONS: ServerOptions = {
  maxHeaderListPairs: HEADERS_MAX,
  maxSessionMemory: MEGABYTES_MAX,
  maxSessionInvalidFrames: INVALID_FRAMES_MAX,
  maxSessionRejectedStreams: STREAMS_MAX,
  settings: {
    maxConcurrentStreams: STREAMS_MAX,
    maxHeaderListSize: HEAD_BYTES_MAX,
    enablePush: false,
    enableConnectProtocol: false, // RFC 8441: a WebSocket begins in HTTP/1.1 here.
  },
};

/** The connections of a listener on which HTTP/2 was agreed. Each request becomes one of HTTP/1.1 that says the same. */
export class Http2Connections {
  readonly #open = new Set<ServerHttp2Session>();
  /** Streams that we reset ourselves: a destination that breaks off is not the doing of who calls it. */
  readonly #cutHere = new WeakSet<ServerHttp2Stream>();
  #closing = false;

  constructor(private readonly parts: Http2ConnectionsParts) {}

  /** Speaks HTTP/2 on a connection from now on. */
  take(socket: TLSSocket): void {
    const session = performServerHandshake(socket, OPTIONS);
    this.#open.add(session);
    session.once('close', () => this.#open.delete(session));
    session.on('error', (error: NodeJS.ErrnoException) => {
      // What the peer broke, not what happened to its connection.
      if (error.code === 'ERR_HTTP2_ERROR') this.#refuse(socket, error.message);
    });
    this.#limit(session, socket);
    this.#serve(session, socket);
    if (this.#closing) session.close();
  }

  /** Says that no more requests are taken (GOAWAY); a connection ends with the last of those that are under way. */
  close(): void {
    this.#closing = true;
    for (const session of this.#open) session.close();
  }

  #serve(session: ServerHttp2Session, socket: TLSSocket): void {
    const { serve, takenWithinMs } = this.parts;
    session.on('stream', (stream: ServerHttp2Stream, headers, _flags, ...rest: unknown[]) => {
      const [rawHeaders = []] = rest as [string[]?];
      stream.on('error', () => undefined);
      if (stream.closed || stream.destroyed) return; // It was reset before anybody saw it.
      const received = { rawHeaders, headers, endsHere: stream.endAfterHeaders };
      const head = this.#headOf(received, stream, socket);
      if (head === undefined) return;
      serve(
        new Http2Request(stream, head, socket),
        new Http2Response(stream, {
          method: head.method,
          takenWithinMs,
          cut: () => this.#cutHere.add(stream),
        }),
      );
    });
  }

  /** Undefined: it was refused. */
  #headOf(
    received: ReceivedHead,
    stream: ServerHttp2Stream,
    socket: TLSSocket,
  ): RequestHead | undefined {
    try {
      return http2Head(received);
    } catch (error) {
      if (!(error instanceof MalformedRequest)) throw error;
      refuse(stream, error.status);
      this.#refuse(socket, error.message);
      return undefined;
    }
  }

  #limit(session: ServerHttp2Session, socket: TLSSocket): void {
    const { firstRequestMs, idleMs } = this.parts;
    const budget = new FrameBudget();
    const spend = (): void => {
      if (!budget.take()) cut(session, socket);
    };
    const idle = new IdleTimer(firstRequestMs, () => {
      session.close();
      destroyAfter(socket, LAST_WORD_MS);
    });
    let streams = 0;
    session.on('ping', spend).on('remoteSettings', spend);
    session.on('stream', (stream: ServerHttp2Stream) => {
      streams += 1;
      idle.stop();
      letGoWhenReset(stream);
      stream.once('close', () => {
        streams -= 1;
        const isReset = stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
        if (isReset && !this.#cutHere.has(stream)) spend();
        if (streams === 0 && !session.destroyed) idle.start(idleMs);
      });
    });
    session.once('close', () => idle.stop());
  }

  #refuse({ remoteAddress }: TLSSocket, what: string): void {
    this.parts.refused({ what: `HTTP/2: ${what}`, remoteAddress });
  }
}

function cut(session: ServerHttp2Session, socket: TLSSocket): void {
  if (session.destroyed) return;
  session.destroy(new Error('too many frames'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
  destroyAfter(socket, LAST_WORD_MS);
}

class IdleTimer {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    firstMs: number,
    private readonly isIdle: () => void,
  ) {
    this.start(firstMs);
  }

  start(ms: number): void {
    this.stop();
    this.#timer = setTimeout(this.isIdle, ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function refuse(stream: ServerHttp2Stream, status: number): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ':status': status, 'content-length': 0 }, { endStream: true });
  if (!stream.endAfterHeaders) stream.close(constants.NGHTTP2_NO_ERROR);
}
