import { Agent, request } from 'undici';

export const CONNECT_TIMEOUT_MS = 2_000;
/** From the first byte sent to the last received. */
export const TOTAL_TIMEOUT_MS = 5_000;
export const RESPONSE_BYTES_MAX = 1024 * 1024;
const CONNECTIONS_MAX = 8;

/** What node-vault asks of its transport. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
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

  constructor(caPem: string | undefined) {
    this.#agent = new Agent({
      connections: CONNECTIONS_MAX,
      connect: { timeout: CONNECT_TIMEOUT_MS, ...(caPem === undefined ? {} : { ca: caPem }) },
      headersTimeout: TOTAL_TIMEOUT_MS,
      bodyTimeout: TOTAL_TIMEOUT_MS,
      maxResponseSize: RESPONSE_BYTES_MAX,
    });
  }

  async send(outgoing: TransportRequest): Promise<TransportResponse> {
    const { statusCode, body } = await request(outgoing.uri, {
      dispatcher: this.#agent,
      method: outgoing.method,
      headers: { ...outgoing.headers, 'content-type': 'application/json' },
      body: outgoing.json === undefined ? null : JSON.stringify(outgoing.json),
      signal: AbortSignal.timeout(TOTAL_TIMEOUT_MS),
    });
    // node-vault takes a path that holds "sys/health" for a health check and its refusal for success: show it none.
    return { statusCode, body: parsed(await body.text()), request: { path: '' } };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** JSON.parse quotes what it cannot read, so its error ends here. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
