import 'reflect-metadata';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ConfigError } from './config-error.js';
import { type ListenAddress } from './postern-config.js';

export interface HttpHostOptions {
  readonly module: DynamicModule | Type;
  readonly listen: ListenAddress;
  /** Sees each request before the framework; true: it took it. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Parse JSON bodies. Without it bodies reach only what `configure` registers for them. */
  readonly json?: boolean;
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
const KEEP_ALIVE_TIMEOUT_MS = 65_000; // Longer than the 60 s after which common load balancers let go.
const BODY_BYTES_MAX = 64 * 1024;

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES_MAX,
  insecureHTTPParser: false,
  requireHostHeader: true,
  headersTimeout: HEADERS_TIMEOUT_MS,
  requestTimeout: 0, // Bodies of calls stream for as long as the resource's own limits say.
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
};

/**
 * One listener: raw requests first, Nest on Fastify for the rest.
 * @throws ConfigError when the address cannot be taken
 */
export async function startHttpHost(options: HttpHostOptions): Promise<HttpHost> {
  const server = createServer(SERVER_OPTIONS);
  server.maxHeadersCount = 200; // More than the call path accepts, so that it can say so.
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    serverFactory: (handler: RequestListener) => {
      const before = options.before ?? ((): boolean => false);
      const listener = (request: IncomingMessage, response: ServerResponse): void => {
        if (!before(request, response)) handler(request, response);
      };
      server.on('request', listener).on('checkContinue', listener);
      return server;
    },
  });
  server.on('clientError', refuseUnparsed);
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: options.json ?? false,
  });
  await options.configure?.(app);
  await app.init();
  await adapter.getInstance().ready();
  await listen(server, options.listen);
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: options.listen.host, port },
    server,
    close: (deadlineMs) => close(server, app, deadlineMs),
  };
}

/** What the parser refused: answer what can be answered and let go, since where the next request begins is unknown. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || !socket.writable) return;
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use by another process: stop it, or choose another port'
          : (error.code ?? 'failed');
      reject(
        new ConfigError([{ where: `listen ${host}:${port}`, path: '', what: why }], {
          cause: error,
        }),
      );
    };
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused);
      resolve();
    });
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
  await app.close().catch(() => undefined);
}
