import 'reflect-metadata';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Socket } from 'node:net';
import { type TLSSocket } from 'node:tls';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { continueWhenRead } from './continue-when-read.js';
import { HEAD_BYTES_MAX, HEADERS_MAX } from './head-limits.js';
import { type HttpRequest, type HttpResponse, type UnreadRequest } from './http-exchange.js';
import { Http2Connections } from './http2-connections.js';
import { inTurn } from './in-turn.js';
import { listenOn } from './listen-on.js';
import { type KeepCertificate } from './listener-certificates.js';
import { readListenerPair, tlsOptions } from './listener-tls.js';
import { type Logger } from './logger.js';
import { NestLog } from './nest-log.js';
import { type ListenAddress } from './postern-config.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { refuseUnparsed } from './refuse-unparsed.js';

export interface HttpHostOptions {
  readonly module: DynamicModule | Type;
  readonly listen: ListenAddress;
  /** Sees each request before the framework; true: it took it. It must not throw. */
  readonly before?: (request: HttpRequest, response: HttpResponse) => boolean;
  /** Hears of each request that has no one reading, and was refused. It must not throw. */
  readonly refused?: (request: UnreadRequest) => void;
  /** Renews the certificate of `listen.tls` while the listener serves; without it the files are read once. */
  readonly certificate?: KeepCertificate;
  /** Gets faults of the framework and of handlers. */
  readonly log?: Logger;
  /** Prepares the framework, such as body parsers and filters. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
}

export interface HttpHost {
  /** With the port that was really taken. */
  readonly address: ListenAddress;
  readonly server: Server;
  /** Stops accepting, lets requests in flight end within the deadline, then cuts them. */
  close(deadlineMs: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** How soon a connection that is over its time is seen. */
const CONNECTION_CHECK_MS = 1_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000; // Longer than the 60 s after which common load balancers let go.
/** For an answer of HTTP/2 of which its caller takes nothing more. */
const TAKEN_WITHIN_MS = 30_000;
const CONNECTIONS_MAX = 10_000;
const BODY_BYTES_MAX = 64 * 1024;
const BODY_TIMEOUT_MS = 10_000;

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HEAD_BYTES_MAX,
  insecureHTTPParser: false,
  requireHostHeader: false, // The call path says so itself, and leaves its event; for the rest see `route`.
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTION_CHECK_MS,
  requestTimeout: 0, // Bodies of calls stream for as long as their resource permits; the framework's have BODY_TIMEOUT_MS.
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
};

/**
 * One listener: raw requests first, Nest on Fastify for the rest, with bodies of at most 64 KiB that come within 10 s.
 * It speaks HTTP/1.1; with `listen.tls` https, and HTTP/2 where the caller offers it (ALPN, RFC 7301).
 * @throws ConfigError when the address cannot be taken, or a file of `listen.tls` cannot be used
 */
export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const { server, keep } = await serverFor(options);
  const sockets = socketsOf(server);
  server.maxHeadersCount = HEADERS_MAX; // Node drops what is beyond without a word.
  server.maxConnections = CONNECTIONS_MAX;
  const { app, http2 } = await createApp(server, options);
  try {
    const address = await listenOn(server, options.listen);
    const letGo = keep();
    return {
      address,
      server,
      close: (deadlineMs) => {
        letGo();
        return close({ server, app, http2, sockets }, deadlineMs);
      },
    };
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
}

/** `keep` begins to renew its certificate, and gives what ends that. */
interface ListenerServer {
  readonly server: Server;
  readonly keep: () => () => void;
}

async function serverFor({ listen, certificate }: HttpHostOptions): Promise<ListenerServer> {
  const { tls } = listen;
  if (tls === undefined) return { server: createServer(SERVER_OPTIONS), keep: () => nothing };
  const pair = await readListenerPair(tls);
  const ALPNProtocols = ['h2', 'http/1.1'];
  const server = createTlsServer({ ...SERVER_OPTIONS, ...tlsOptions(pair, tls), ALPNProtocols });
  return { server, keep: () => certificate?.({ server, tls, pair }) ?? nothing };
}

const nothing = (): void => undefined;

interface Served {
  readonly app: NestFastifyApplication;
  readonly http2: Http2Connections;
}

async function createApp(server: Server, options: HttpHostOptions): Promise<Served> {
  const { module, log, configure } = options;
  const refused = options.refused ?? nothing;
  let http2: Http2Connections | undefined;
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    clientErrorHandler: refuseUnparsed(refused),
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
      sendProblem(reply, error.statusCode ?? 400);
    },
    serverFactory: (handler: RequestListener) => {
      const parts = { before: options.before ?? (() => false), refused, handler };
      http2 = serveHttp2(server, parts);
      return route(server, parts);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: log === undefined ? false : new NestLog(log),
    abortOnError: false,
    bodyParser: false, // `configure` says which bodies there are.
  });
  app.useGlobalFilters(new ProblemFilter(log));
  await configure?.(app);
  await app.init();
  await adapter.getInstance().ready();
  if (http2 === undefined) throw new TypeError('the framework made no server');
  return { app, http2 };
}

/** Before the framework, and the framework. */
interface Route extends Required<Pick<HttpHostOptions, 'before' | 'refused'>> {
  readonly handler: RequestListener;
}

function route(server: Server, { before, refused, handler }: Route): Server {
  const listener = inTurn((request, response) => {
    if (before(request, response)) return;
    if (request.headers.host === undefined && request.httpVersion !== '1.0') {
      // RFC 9112 section 3.2.
      response.writeHead(400, { connection: 'close', 'content-length': 0 }).end();
      refused({ what: 'no Host header', remoteAddress: request.socket.remoteAddress });
      return;
    }
    limitBodyTime(request);
    handler(request, response);
  });
  const refuseExpectation = inTurn((request, response) => {
    if (before(request, response)) return;
    // Whether the body follows is unknown, and so is where the next request begins.
    response.writeHead(417, { connection: 'close', 'content-length': 0 }).end();
  });
  server.on('checkExpectation', refuseExpectation);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response);
    listener(request, response);
  });
  return server.on('request', listener);
}

/** Connections on which HTTP/2 was agreed go another way from the handshake on; those of HTTP/1.1 know nothing of it. */
function serveHttp2(server: Server, { before, refused, handler }: Route): Http2Connections {
  const http2 = new Http2Connections({
    firstRequestMs: HEADERS_TIMEOUT_MS,
    idleMs: KEEP_ALIVE_TIMEOUT_MS,
    takenWithinMs: TAKEN_WITHIN_MS,
    refused,
    serve: (request, response) => {
      if (before(request, response)) return;
      if ((request.headers.expect ?? '100-continue').toLowerCase() !== '100-continue') {
        response.writeHead(417, ['content-length', '0']).end();
        return;
      }
      limitBodyTime(request);
      // They have all of IncomingMessage and ServerResponse that Fastify uses.
      handler(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    },
  });
  const http1 = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[];
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.take(socket);
    else for (const listener of http1) listener.call(server, socket);
  });
  return http2;
}

/** A body that trickles in holds a connection and memory: it is cut. */
function limitBodyTime(request: HttpRequest): void {
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, BODY_TIMEOUT_MS);
  timer.unref();
  request.once('close', () => {
    clearTimeout(timer);
  });
}

interface Closing {
  readonly server: Server;
  readonly app: NestFastifyApplication;
  readonly http2: Http2Connections;
  readonly sockets: ReadonlySet<Socket>;
}

/** Those that are open, also such as became connections of another protocol, which Node's server does not cut. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    if (sockets.has(socket)) return; // Told of again for each offer to switch that is ignored.
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function close({ server, app, http2, sockets }: Closing, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  http2.close();
  server.closeIdleConnections();
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  const cut = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  }, deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
  await app.close();
}
