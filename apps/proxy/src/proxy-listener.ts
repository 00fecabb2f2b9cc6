import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Duplex } from 'node:stream';
import { type InjectionPipeline, PROXY_PREFIX } from '#injection';
import { randomId } from '#kernel';
import { type ClientCertificates, type TrustedProxies } from '#platform';
import { problemOf } from './problem.js';

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
const CONNECT_REFUSED =
  'HTTP/1.1 400 Bad Request\r\nconnection: close\r\npostern-error: ambiguous-request\r\ncontent-length: 0\r\n\r\n';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly correlationId: string;
}

/** Takes calls as raw requests, before any framework sees them. */
export class ProxyListener {
  readonly #inFlight = new Map<ServerResponse, Promise<void>>();

  constructor(private readonly parts: ProxyListenerParts) {}

  /** Whether the request is a call. Then it is answered here, whatever happens. Serves `request` and `checkContinue`. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '' } = request;
    if (!url.startsWith(PROXY_PREFIX) && !ABSOLUTE_CALL.test(url)) return false;
    const served = this.#serve({ request, response, correlationId: randomId('req') });
    this.#inFlight.set(response, served);
    void served.finally(() => this.#inFlight.delete(response));
    return true;
  }

  /** Answers what Node would hand to nobody: CONNECT never becomes a call. */
  guard(server: Server): void {
    server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => undefined).end(CONNECT_REFUSED);
    });
  }

  /** Resolves when the calls in flight have ended; those that have not within the deadline are cut. */
  async drain(deadlineMs: number): Promise<void> {
    const cut = setTimeout(() => {
      for (const response of this.#inFlight.keys()) response.destroy();
    }, deadlineMs);
    await Promise.all(this.#inFlight.values());
    clearTimeout(cut);
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response, correlationId } = exchange;
    const { trustedProxies, certificates, pipeline } = this.parts;
    const { remoteAddress } = request.socket;
    const peerAddress = trustedProxies.peerAddress(remoteAddress, request.rawHeaders);
    try {
      const certificateChain = () => certificates.of(request)?.chain ?? [];
      await pipeline.call(request, response, { correlationId, peerAddress, certificateChain });
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
    const close = leavesBody(request) ? ['connection', 'close'] : [];
    response.writeHead(problem.status, [...problem.headers, ...close]);
    response.end(request.method === 'HEAD' ? undefined : problem.body);
  }
}

/** Whether more of the body may come than is worth reading: then the next request could not be told from it. */
function leavesBody(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { headers } = request;
  if (headers.expect !== undefined || headers['transfer-encoding'] !== undefined) return true;
  return Number(headers['content-length'] ?? 0) > DRAINED_BYTES_MAX;
}
