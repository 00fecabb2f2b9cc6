import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  type DpopNonces,
  type Handle,
  type PlantedCanaries,
  ProofOfPossession,
  type ProofUses,
} from '#handles';
import {
  type CallLedger,
  type CallRestrictions,
  type ProxiedResourceRegistration,
} from '#injection';
import { type HttpHost, type ListenAddress, type PosternConfig, startHttpHost } from '#platform';
import { type ResourceRegistration } from '#policy';
import { aProxiedResource, CallPathParts, InMemoryProofUses } from '#testing';
import { type ProxyServiceParts } from '../../apps/proxy/src/proxy-service.js';
import { ProxyModule, ProxyService } from '../../apps/proxy/src/proxy.module.js';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A legacy backend on loopback that remembers what reached it. */
export class Backend {
  readonly seen: { method: string; url: string; rawHeaders: string[]; body: Promise<string> }[] =
    [];

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(respond: Respond = (_, response) => response.end('ok')): Promise<Backend> {
    const server = createServer((incoming, response) => {
      const { method = '', url = '', rawHeaders } = incoming;
      const body = backend.streams ? Promise.resolve('') : text(incoming);
      body.catch(() => undefined);
      backend.seen.push({ method, url, rawHeaders, body });
      respond(incoming, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backend = new Backend(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    return backend;
  }

  /** Set when the handler reads the body itself. */
  streams = false;

  /** All that arrived, as one text: for what must not be in it. */
  get everything(): string {
    return JSON.stringify(this.seen);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export interface CallPathOptions {
  readonly respond?: Respond;
  readonly registration?: Partial<ProxiedResourceRegistration>;
  readonly policy?: Partial<ResourceRegistration>;
  readonly trustedProxies?: readonly string[];
  /** Of the whole process. */
  readonly callsInFlightMax?: number;
  readonly clientCertificateHeader?: PosternConfig['clientCertificateHeader'];
  /** Default: proofs need none. */
  readonly nonces?: DpopNonces;
  /** Default: a memory of its own. */
  readonly proofUses?: ProofUses;
  readonly tls?: NonNullable<ListenAddress['tls']>;
  readonly canaries?: PlantedCanaries;
  readonly restrictions?: CallRestrictions;
  /** What the proxy counts calls with; default the ledger of the parts. */
  readonly ledgerOf?: (parts: CallPathParts) => CallLedger;
  /** What makes its credentials managed. */
  readonly managedOf?: (
    parts: CallPathParts,
  ) => Pick<ProxyServiceParts, 'managed' | 'credentialTurns' | 'resent'>;
  /** Fields of the secret. */
  readonly secret?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A proxy as it runs, in front of a real backend; stores in memory. */
export class CallPath {
  /** What the proxy complained of. */
  readonly problems: readonly unknown[] = [];

  private constructor(
    readonly parts: CallPathParts,
    readonly backend: Backend,
    readonly proxy: ProxyService,
    readonly host: HttpHost,
  ) {}

  static async start(options: CallPathOptions = {}): Promise<CallPath> {
    const backend = await Backend.start(options.respond);
    const resource = aProxiedResource(
      { destination: `${backend.origin}/api`, ...options.registration },
      options.policy,
    );
    const parts = new CallPathParts([resource]);
    await parts.seal(options.secret);
    const problems: unknown[] = [];
    const served = Object.assign(parts, {
      clientCertificateHeader: options.clientCertificateHeader,
      possession: possessionOf(parts, options),
      trustedProxies: options.trustedProxies ?? [],
      callsInFlightMax: options.callsInFlightMax,
      canaries: options.canaries,
      ...(options.restrictions === undefined ? {} : { restrictions: options.restrictions }),
      onProblem: (_: string, error: unknown) => problems.push(error),
      ...options.managedOf?.(parts),
    });
    const { ledgerOf = () => parts.ledger } = options;
    // eslint-disable-next-line @typescript-eslint/no-misused-spread -- its fields are all that is needed
    const proxy = new ProxyService({ ...served, ledger: ledgerOf(parts) });
    const host = await startHttpHost({
      module: ProxyModule.register(proxy),
      listen: {
        host: '127.0.0.1',
        port: 0,
        ...(options.tls === undefined ? {} : { tls: options.tls }),
      },
      before: proxy.handle,
      refused: proxy.refused,
    });
    proxy.start(host.server);
    return Object.assign(new CallPath(parts, backend, proxy, host), { problems });
  }

  get port(): number {
    return this.host.address.port;
  }

  /** A call with a fresh handle, or with the headers given. */
  async call(
    target: string,
    options: {
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly handle?: Partial<Handle>;
      readonly body?: string | Buffer;
    } = {},
  ): Promise<Answer> {
    const { plaintext } = await this.parts.issue(options.handle);
    const headers = { authorization: `Bearer ${plaintext}`, ...options.headers };
    return send(this.port, target, { ...options, headers });
  }

  /** Writes the bytes, and resolves to all that comes back until the connection ends. */
  raw(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
      let answer = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
      socket.on('error', reject).on('close', () => resolve(answer));
    });
  }

  async stop(): Promise<void> {
    await this.host.close(1_000);
    await this.proxy.close(1_000);
    await this.backend.stop();
  }
}

const possessionOf = (
  { clock }: CallPathParts,
  { nonces, proofUses: uses = new InMemoryProofUses() }: CallPathOptions,
): ProofOfPossession => new ProofOfPossession({ uses, nonces, clock });

export function send(
  port: number,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly body?: string | Buffer;
  } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        response.setEncoding('latin1');
        text(response).then((received) => {
          const { statusCode = 0, statusMessage = '', headers, rawHeaders } = response;
          resolve({
            status: statusCode,
            statusText: statusMessage,
            headers,
            rawHeaders,
            body: received,
          });
        }, reject);
      },
    );
    sent.on('error', reject).end(body);
  });
}
