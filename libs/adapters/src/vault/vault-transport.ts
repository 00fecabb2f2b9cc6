import { Agent, buildConnector, errors, request } from 'undici';

export const CONNECT_TIMEOUT_MS = 2_000;
/** From the first byte sent to the last received. */
export const TOTAL_TIMEOUT_MS = 5_000;
export const RESPONSE_BYTES_MAX = 1024 * 1024;
const CONNECTIONS_MAX = 8;

export type VaultMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * `kept`: connections are used again. `fresh`: one a request, so that no request is ever written to a connection that the
 * other side is closing, and a failure to connect means that nothing was sent.
 */
export type ConnectionUse = 'kept' | 'fresh';

/** What node-vault asks of its transport. */
export interface TransportRequest {
  readonly method: VaultMethod;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: object;
}

export interface TransportResponse {
  readonly statusCode: number;
  readonly body: unknown;
  readonly request: { readonly path: string };
}

/**
 * Carries the requests of node-vault. Its own transport (axios, with no way to set these) follows redirects and sends
 * X-Vault-Token along, obeys HTTP_PROXY and VAULT_SKIP_VERIFY, reads answers of any size, and throws errors that hold
 * the whole request. This one does none of that.
 */
export class VaultTransport {
  readonly #agent: Agent;
  /** What was thrown before there was a connection. */
  readonly #unconnected = new WeakSet();
  #closed = false;

  constructor(caPem: string | undefined, use: ConnectionUse) {
    const connect = buildConnector({
      timeout: CONNECT_TIMEOUT_MS,
      ...(caPem === undefined ? {} : { ca: caPem }),
    });
    this.#agent = new Agent({
      connections: CONNECTIONS_MAX,
      ...(use === 'fresh' ? { pipelining: 0 } : {}),
      connect: (options, callback) => {
        connect(options, (error, socket) => {
          if (error === null) callback(null, socket);
          else callback(this.#noted(error), null);
        });
      },
      headersTimeout: TOTAL_TIMEOUT_MS,
      bodyTimeout: TOTAL_TIMEOUT_MS,
      maxResponseSize: RESPONSE_BYTES_MAX,
    });
  }

  async send(outgoing: TransportRequest): Promise<TransportResponse> {
    if (this.#closed) throw this.#noted(new errors.ClientDestroyedError());
    const { statusCode, body } = await request(outgoing.uri, {
      dispatcher: this.#agent,
      method: outgoing.method,
      headers: { ...outgoing.headers, 'content-type': contentTypeOf(outgoing.method) },
      body: outgoing.json === undefined ? null : JSON.stringify(outgoing.json),
      signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
    });
    // node-vault takes a path that holds "sys/health" for a health check and its refusal for success: show it none.
    return { statusCode, body: parsed(await body.text()), request: { path: '' } };
  }

  /** Whether no byte of the request that failed in this way has left us: what is not known counts as sent. */
  wasNotSent(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#unconnected.has(error);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#agent.destroy();
  }

  #noted(error: Error): Error {
    this.#unconnected.add(error);
    return error;
  }
}

/** Vault takes no other kind of patch (RFC 7396). */
const contentTypeOf = (method: VaultMethod): string =>
  method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';

/** JSON.parse quotes what it cannot read, so its error ends here. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
