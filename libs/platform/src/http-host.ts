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
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { continueWhenRead } from './continue-when-read.js';
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
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
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

const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_TIMEOUT_MS = 10_000;
/** How soon a connection that is over its time is seen. */
const CONNECTION_CHECK_MS = 1_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000; // Longer than the 60 s after which common load balancers let go.
/** More than the call path accepts, so that it can say so; Node drops what is beyond without a word. */
const HEADERS_MAX = 200;
const CONNECTIONS_MAX = 10_000;
const BODY_BYTES_MAX = 64 * 1024;
const BODY_TIMEOUT_MS = 10_000;

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES_MAX,
  insecureHTTPParser: false,
  requireHostHeader: true,
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: CONNECTION_CHECK_MS,
  requestTimeout: 0, // Bodies of calls stream for as long as their resource permits; the framework's have BODY_TIMEOUT_MS.
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
};

/**
 * One listener: raw requests first, Nest on Fastify for the rest, with bodies of at most 64 KiB that come within 10 s.
 * With `listen.tls` it speaks https.
 * @throws ConfigError when the address cannot be taken, or a file of `listen.tls` cannot be used
 */
export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const { server, keep } = await serverFor(options);
  const sockets = socketsOf(server);
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  const app = await createApp(server, options);
  try {
    const address = await listenOn(server, options.listen);
    const letGo = keep();
    return {
      address,
      server,
      close: (deadlineMs) => {
        letGo();
        return close({ server, app, sockets }, deadlineMs);
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
  const server = createTlsServer({ ...SERVER_OPTIONS, ...tlsOptions(pair, tls) });
  return { server, keep: () => certificate?.({ server, tls, pair }) ?? nothing };
}

const nothing = (): void => undefined;

async function createApp(
  server: Server,
  { module, before, log, configure }: HttpHostOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    clientErrorHandler: refuseUnparsed,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void => {
      sendProblem(reply, error.statusCode ?? 400);
    },
    serverFactory: (handler: RequestListener) => route(server, handler, before),
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
  return app;
}

function route(
  server: Server,
  handler: RequestListener,
  before: HttpHostOptions['before'] = () => false,
): Server {
  const listener = inTurn((request, response) => {
    if (before(request, response)) return;
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

/** A body that trickles in holds a connection and memory: it is cut. */
function limitBodyTime(request: IncomingMessage): void {
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
  readonly sockets: ReadonlySet<Socket>;
}

/** Those that are open, also such as became connections of another protocol, which Node's server does not cut. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function close({ server, app, sockets }: Closing, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
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
