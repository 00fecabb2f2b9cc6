import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { CallDenied, type InjectionPipeline, PROXY_PREFIX } from '#injection';
import { randomId } from '#kernel';
import {
  type ClientCertificates,
  type HttpSocket,
  isAnswering,
  type TrustedProxies,
} from '#platform';
import { problemOf } from './problem.js';
import { ignoreUpgrade, responseOn, switching, type UpgradeRequest } from './upgrade-request.js';

export interface ProxyListenerParts {
  readonly pipeline: Pick<InjectionPipeline, 'call'>;
  readonly trustedProxies: TrustedProxies;
  readonly certificates: ClientCertificates;
  /** Hears of failures that are ours, not the caller's. Must not throw. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/** Absolute form (RFC 9112 section 3.2.2) that would be a call: taken here to be refused, not routed elsewhere. */
const ABSOLUTE_CALL = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*\/proxy\//i;
/** Of a body that nobody reads, this much is taken and dropped so that the connection can go on. */
const DRAINED_BYTES_MAX = 64 * 1024;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly correlationId: string;
  /** Where the connection can become one of another protocol. */
  readonly upgrade?: (headers: string[]) => Duplex;
}

/** Takes calls as raw requests, before any framework sees them. */
export class ProxyListener {
  readonly #inFlight = new Map<Exchange, Promise<void>>();

  constructor(private readonly parts: ProxyListenerParts) {}

  /** Whether the request is a call. Then it is answered here, whatever happens. Serves `request` and `checkContinue`. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (!isCall(request)) return false;
    this.#take({ request, response, correlationId: randomId('req') });
    return true;
  }

  /**
   * Answers what Node would hand to nobody: CONNECT is refused as a call is, and leaves its event. A call that asks for a
   * WebSocket may become one; other offers to switch are ignored.
   */
  guard(server: Server): void {
    server.on('connect', (request: IncomingMessage, socket: HttpSocket) => {
      if (isAnswering(socket)) {
        socket.destroy();
        return;
      }
      const response = responseOn(socket, request);
      this.#take({ request, response, correlationId: randomId('req') });
    });
    server.on('upgrade', (request: IncomingMessage, socket: HttpSocket, head: Buffer) => {
      if (isAnswering(socket)) socket.destroy();
      else this.#upgrade(server, { request, socket, head });
    });
  }

  #upgrade(server: Server, upgrade: UpgradeRequest): void {
    const { request, socket } = upgrade;
    const offer = request.headers.upgrade?.trim().toLowerCase();
    if (!isCall(request) || offer === 'h2c') {
      ignoreUpgrade(server, upgrade);
      return;
    }
    const response = responseOn(socket, request);
    const correlationId = randomId('req');
    this.#take({ request, response, correlationId, upgrade: switching(upgrade, response) });
  }

  #take(exchange: Exchange): void {
    const served = this.#serve(exchange);
    this.#inFlight.set(exchange, served);
    void served.finally(() => this.#inFlight.delete(exchange));
  }

  /** Resolves when the calls in flight have ended; those that have not within the deadline are cut. */
  async drain(deadlineMs: number): Promise<void> {
    const cut = setTimeout(() => {
      for (const { request, response, upgrade } of this.#inFlight.keys()) {
        response.destroy();
        if (upgrade !== undefined) request.socket.destroy();
      }
    }, deadlineMs);
    await Promise.all(this.#inFlight.values());
    clearTimeout(cut);
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response, correlationId, upgrade } = exchange;
    const { trustedProxies, certificates, pipeline } = this.parts;
    const { remoteAddress } = request.socket;
    const peerAddress = trustedProxies.peerAddress(remoteAddress, request.rawHeaders);
    try {
      const certificateChain = () => certificates.of(request)?.chain ?? [];
      const known = { correlationId, peerAddress, certificateChain };
      const context = upgrade === undefined ? known : { ...known, upgrade };
      await pipeline.call(request, response, context);
    } catch (error) {
      this.#answer(error, exchange);
    }
  }

  #answer(error: unknown, { request, response, correlationId }: Exchange): void {
    const problem = problemOf(error, correlationId);
    if (problem.status >= 500) this.parts.onProblem(`call ${correlationId} failed`, error);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const ends = leavesBody(request) || isAmbiguous(error);
    const close = ends ? ['connection', 'close'] : [];
    response.writeHead(problem.status, [...problem.headers, ...close]);
    response.end(request.method === 'HEAD' ? undefined : problem.body);
  }
}

const isCall = ({ url = '' }: IncomingMessage): boolean =>
  url.startsWith(PROXY_PREFIX) || ABSOLUTE_CALL.test(url);

/** Who understood this request in another way may also see the next one elsewhere: there is none. */
const isAmbiguous = (error: unknown): boolean =>
  error instanceof CallDenied && error.code === 'ambiguous-request';

/** Whether more of the body may come than is worth reading: then the next request could not be told from it. */
function leavesBody(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { headers } = request;
  if (headers.expect !== undefined || headers['transfer-encoding'] !== undefined) return true;
  return Number(headers['content-length'] ?? 0) > DRAINED_BYTES_MAX;
}
