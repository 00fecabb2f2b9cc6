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
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { continueWhenRead } from './continue-when-read.js';
import { listenOn } from './listen-on.js';
import { tlsOptions } from './listener-tls.js';
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
 * With `listen.tls` it speaks https, by files that are read once.
 * @throws ConfigError when the address cannot be taken, or a file of `listen.tls` cannot be used
 */
export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const server = serverFor(options.listen);
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  const app = await createApp(server, options);
  try {
    const address = await listenOn(server, options.listen);
    return { address, server, close: (deadlineMs) => close(server, app, deadlineMs) };
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
}

const serverFor = ({ tls }: ListenAddress): Server =>
  tls === undefined
    ? createServer(SERVER_OPTIONS)
    : createTlsServer({ ...SERVER_OPTIONS, ...tlsOptions(tls) });

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
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (before(request, response)) return;
    limitBodyTime(request);
    handler(request, response);
  };
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

async function close(
  server: Server,
  app: NestFastifyApplication,
  deadlineMs: number,
): Promise<void> {
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
  }, deadlineMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
  await app.close();
}
