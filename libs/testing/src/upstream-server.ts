import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import {
  createSecureServer,
  type Http2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { type AddressInfo } from 'node:net';
import {
  type CallLimits,
  type ProxiedResourceRegistration,
  type Upstream,
  type UpstreamRequest,
} from '#injection';
import { destinationCertificate } from './destination-certificate.js';
import { aProxiedRegistration, aProxiedResource } from './injection-builders.js';

/** A destination on loopback that an Upstream is tested against. */
export interface UpstreamServer {
  readonly origin: string;
  /** What a registration must say of it beside its origin. */
  readonly registration: Partial<ProxiedResourceRegistration>;
  stop(): Promise<void>;
}

export type StartUpstreamServer = (listener: RequestListener) => Promise<UpstreamServer>;

export interface UpstreamUnderTest {
  readonly make: () => Upstream;
  readonly start: StartUpstreamServer;
  /** HTTP/2 knows no reason phrase, writes all names in small letters, and names the host as `:authority`. */
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
}

/** A request to it, with limits of seconds. */
export const anUpstreamRequest = (
  { origin, registration }: Pick<UpstreamServer, 'origin' | 'registration'>,
  overrides: Partial<UpstreamRequest> = {},
  limits: Partial<CallLimits> = {},
  more: Partial<ProxiedResourceRegistration> = {},
): UpstreamRequest => ({
  resource: aProxiedResource({
    destination: origin,
    ...registration,
    call: { ...aProxiedRegistration().call, ...limits },
    ...more,
  }),
  credentialVersion: 1,
  method: 'GET',
  path: '/accounts/42?x=%2F',
  headers: ['host', 'ledger.internal', 'x-one', '1', 'X-One', '2'],
  body: undefined,
  ...overrides,
});

export async function http1Server(listener: RequestListener): Promise<UpstreamServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    registration: {},
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const NAME = 'ledger.test';

/** Over TLS, and HTTP/2 only. Its requests and responses look as those of `node:http` do. */
export async function http2Server(listener: RequestListener): Promise<UpstreamServer> {
  const { pair, caFile } = await destinationCertificate(NAME);
  const server = createSecureServer(pair);
  const sessions = new Set<Http2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    listener(
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse & { req: IncomingMessage },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    registration: { tls: { caFile, serverName: NAME, http2: true } },
    stop: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
