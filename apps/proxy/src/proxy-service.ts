import { type Server } from 'node:http';
import { type PlantedCanaries } from '#handles';
import { type CallRestrictions, type InjectionParts, InjectionPipeline } from '#injection';
import { type CredentialTurns } from './credential-turns.js';
import { Housekeeping } from './housekeeping.js';
import {
  ClientCertificates,
  type HttpRequest,
  type HttpResponse,
  type PosternConfig,
  TrustedProxies,
  type UnreadRequest,
  waitAtMost,
} from '#platform';
import { ProxyListener } from './proxy-listener.js';

/** What logging out of destinations may take when the process ends. */
const END_SESSIONS_MS = 1_000;

/** The ports and settings that the call path is made of. */
export interface ProxyServiceParts extends InjectionParts {
  readonly canaries?: PlantedCanaries | undefined;
  readonly restrictions?: CallRestrictions;
  /** Addresses and CIDRs. */
  readonly trustedProxies: readonly string[];
  readonly clientCertificateHeader: PosternConfig['clientCertificateHeader'];
  /** See ProxyListenerParts. */
  readonly callsInFlightMax?: number | undefined;
  /** See Housekeeping. */
  readonly sweepAllBefore?: Date;
  /** Of `managed`. */
  readonly credentialTurns?: CredentialTurns | undefined;
  /** Hears of failures that are ours. Must not throw. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/**
 * The call path over the given ports. `handle` goes before the framework; `start` follows when the server listens;
 * `close` ends it, before ledger, journal and database are closed.
 */
export class ProxyService {
  readonly #parts: ProxyServiceParts;
  readonly #pipeline: InjectionPipeline;
  readonly #listener: ProxyListener;
  readonly #housekeeping: Housekeeping;

  /** @throws TypeError when an entry of trustedProxies is no address or CIDR */
  constructor(parts: ProxyServiceParts) {
    this.#parts = parts;
    const { clock, events, ledger, resources, onProblem, sweepAllBefore } = parts;
    const trustedProxies = new TrustedProxies(parts.trustedProxies);
    const pipeline = new InjectionPipeline(parts);
    this.#pipeline = pipeline;
    const certificates = new ClientCertificates(parts);
    const { callsInFlightMax } = parts;
    const told = { onProblem, callsInFlightMax };
    this.#listener = new ProxyListener({ pipeline, trustedProxies, certificates, ...told });
    const kept = { clock, events, ledger, resources, pipeline, onProblem, sweepAllBefore };
    const { canaries, restrictions } = parts;
    this.#housekeeping = new Housekeeping({ ...kept, canaries, restrictions });
  }

  get listener(): ProxyListener {
    return this.#listener;
  }

  /** For `before` of the HTTP host: true when the request is a call; it is answered here then. */
  readonly handle = (request: HttpRequest, response: HttpResponse): boolean =>
    this.#listener.handle(request, response);

  /** For `refused` of the HTTP host. */
  readonly refused = (request: UnreadRequest): void => {
    this.#listener.refused(request);
  };

  /** See InjectionPipeline. @throws DependencyUnavailable */
  doubt(...[matches]: Parameters<InjectionPipeline['doubt']>): Promise<void> {
    return this.#pipeline.doubt(matches);
  }

  /** For readiness: see CredentialTurns. Undefined: no credential is managed, or all is well. @throws Error */
  readonly credentialTrouble = (): string | undefined => this.#parts.credentialTurns?.trouble();

  start(server: Server): void {
    this.#listener.guard(server);
    this.#parts.credentialTurns?.start();
    this.#housekeeping.start();
  }

  /**
   * Lets calls in flight finish within the deadline, then cuts them, and writes what is left to write.
   * @throws DependencyUnavailable when that cannot be written
   */
  async close(deadlineMs: number): Promise<void> {
    await this.#listener.drain(deadlineMs);
    await waitAtMost(END_SESSIONS_MS, this.#pipeline.endSessions());
    await this.#parts.upstream.close(0);
    await this.#parts.credentialTurns?.stop();
    await this.#housekeeping.stop();
    await this.#pipeline.close();
  }
}
