import { IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { type CallContext, CallDenied, type InjectionPipeline, PROXY_PREFIX } from '#injection';
import { randomId } from '#kernel';
import {
  type ClientCertificates,
  type HttpRequest,
  type HttpResponse,
  type HttpSocket,
  isAnswering,
  type TrustedProxies,
  type UnreadRequest,
} from '#platform';
import { lingerAtClose } from './linger-at-close.js';
import { problemOf } from './problem.js';
import {
  hasAllHeaders,
  ignoreUpgrade,
  responseOn,
  switching,
  type UpgradeRequest,
} from './upgrade-request.js';

export interface ProxyListenerParts {
  readonly pipeline: Pick<InjectionPipeline, 'call' | 'turnedAway'>;
  readonly trustedProxies: TrustedProxies;
  readonly certificates: ClientCertificates;
  /** Calls of the whole process at once, from their first byte on. Default 4,096. */
  readonly callsInFlightMax?: number | undefined;
  /** Hears of failures that are ours, not the caller's. Must not throw. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/** Absolute form (RFC 9112 section 3.2.2) that would be a call: taken here to be refused, not routed elsewhere. */
const ABSOLUTE_CALL = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*\/proxy\//i;
/** Of a body that nobody reads, this much is taken and dropped so that the connection can go on. */
const DRAINED_BYTES_MAX = 64 * 1024;

/**
 * Whatever they wait for: PostgreSQL, Vault, a destination. Each holds some tens of KiB, so that a process is full at some
 * hundred MiB and says so, before memory is gone.
 */
const CALLS_IN_FLIGHT_MAX = 4_096;
/** Refusals whose event is on its way; with more the journal is slow or away, and of what is behind it the number is told. */
const UNREAD_MAX = 1_000;

interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly correlationId: string;
  /** Where the connection can become one of another protocol. */
  readonly upgrade?: (headers: string[]) => Duplex;
}

/** Takes calls as raw requests, before any framework sees them. */
export class ProxyListener {
  readonly #inFlight = new Map<Exchange, Promise<void>>();
  readonly #unread = new Set<Promise<void>>();
  #withoutEvent = 0;

  constructor(private readonly parts: ProxyListenerParts) {}

  /** Whether the request is a call. Then it is answered here, whatever happens. Serves `request` and `checkContinue`. */
  handle(request: HttpRequest, response: HttpResponse): boolean {
    if (!isCall(request)) return false;
    this.#take({ request, response, correlationId: randomId('req') });
    return true;
  }

  /** Leaves the event of a request that was refused before it reached `handle`. */
  refused({ what, remoteAddress }: UnreadRequest): void {
    const peerAddress = this.parts.trustedProxies.peerAddress(remoteAddress, []);
    const context = { correlationId: randomId('req'), peerAddress };
    this.#leave(() => this.parts.pipeline.turnedAway(unreadable(what), context));
  }

  get #isFull(): boolean {
    return this.#inFlight.size >= (this.parts.callsInFlightMax ?? CALLS_IN_FLIGHT_MAX);
  }

  /** Answered at once, without waiting for anything: the event follows. */
  #turnedAway(context: CallContext): CallDenied {
    const denied = fullOf(this.#inFlight.size);
    this.#leave(() => this.parts.pipeline.turnedAway(denied, context));
    return denied;
  }

  #leave(event: () => Promise<void>): void {
    if (this.#unread.size >= UNREAD_MAX) {
      this.#withoutEvent += 1;
      return;
    }
    const recorded = event()
      .catch((error: unknown) => {
        this.parts.onProblem('the event of a refused request cannot be written', error);
      })
      .finally(() => {
        this.#unread.delete(recorded);
        this.#tellOfMissing();
      });
    this.#unread.add(recorded);
  }

  /** A flood that hides others is seen by its number, which is told once for each time that there was no room. */
  #tellOfMissing(): void {
    const requests = this.#withoutEvent;
    if (requests === 0 || this.#unread.size > UNREAD_MAX / 2) return;
    this.#withoutEvent = 0;
    const error = new Error(`${requests} requests, and ${UNREAD_MAX} events were on their way`);
    this.parts.onProblem('refused requests left no event', error);
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

  /** What cannot be read again as it was is taken as a call, which has far fewer headers: it is refused. */
  #upgrade(server: Server, upgrade: UpgradeRequest): void {
    const { request, socket } = upgrade;
    const offer = request.headers.upgrade?.trim().toLowerCase();
    const isIgnored = !isCall(request) || offer === 'h2c';
    if (isIgnored && hasAllHeaders(server, request)) {
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
    await Promise.all([...this.#inFlight.values(), ...this.#unread]);
    clearTimeout(cut);
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { request, response, correlationId, upgrade } = exchange;
    const { trustedProxies, certificates, pipeline } = this.parts;
    const { remoteAddress } = request.socket;
    const peerAddress = trustedProxies.peerAddress(remoteAddress, request.rawHeaders);
    try {
      if (this.#isFull) throw this.#turnedAway({ correlationId, peerAddress });
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
    // What is refused because there is too much of it has its event, and would only make more of it here.
    if (problem.status >= 500 && !hasCode(error, 'overloaded')) {
      this.parts.onProblem(`call ${correlationId} failed`, error);
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const leaves = leavesBody(request);
    if (leaves && request instanceof IncomingMessage) lingerAtClose(request.socket);
    const close = leaves || isAmbiguous(error) ? ['connection', 'close'] : [];
    response.writeHead(problem.status, [...problem.headers, ...close]);
    response.end(request.method === 'HEAD' ? undefined : problem.body);
  }
}

const isCall = ({ url = '' }: HttpRequest): boolean =>
  url.startsWith(PROXY_PREFIX) || ABSOLUTE_CALL.test(url);

/** Who understood this request in another way may also see the next one elsewhere: there is none. */
const isAmbiguous = (error: unknown): boolean => hasCode(error, 'ambiguous-request');

const hasCode = (error: unknown, code: CallDenied['code']): boolean =>
  error instanceof CallDenied && error.code === code;

const unreadable = (detail: string): CallDenied =>
  new CallDenied({ code: 'ambiguous-request', reason: 'ambiguous_request', detail });

const fullOf = (calls: number): CallDenied =>
  new CallDenied({
    code: 'overloaded',
    reason: 'overloaded',
    detail: `${calls} calls are in flight, as many as this process takes`,
  });

/** Whether more of the body may come than is worth reading: then the next request could not be told from it. */
function leavesBody(request: HttpRequest): boolean {
  if (request.complete) return false;
  const { headers } = request;
  if (headers.expect !== undefined || headers['transfer-encoding'] !== undefined) return true;
  return Number(headers['content-length'] ?? 0) > DRAINED_BYTES_MAX;
}
