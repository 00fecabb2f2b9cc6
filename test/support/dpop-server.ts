import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { calculateJwkThumbprint, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose';

/** One request that came in, and what its proof said when it was a valid one. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly proof: { readonly claims: JWTPayload; readonly jkt: string } | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Endpoint = 'token' | 'proxy';

const IAT_WINDOW_SECONDS = 60;

/**
 * The two endpoints of Postern that callers see, in a test, made by RFC 9449 alone: it verifies each proof with jose and
 * wants nonces. It shares no code with the product. Its fields say how it misbehaves.
 */
export class DpopServer {
  readonly seen: ProvenRequest[] = [];
  /** Whether a nonce that it gave out is ever good enough. */
  acceptsNonces = true;
  /** Whether a demand for a nonce brings one; the value stands in for it when it is a string. */
  givesNonces: boolean | string = true;
  /** Whether each successful answer replaces the nonce. */
  renewsNonces = false;
  /** `token_type` of the answer to an exchange. */
  tokenType = 'DPoP';
  /** Instead of the answer of the token endpoint. */
  tokenAnswer: string | undefined;
  /** What the legacy system answers. */
  legacyAnswer: Answer = { status: 200, body: 'legacy' };
  readonly #server: Server;
  readonly #nonces: Record<Endpoint, string> = { token: randomUUID(), proxy: randomUUID() };
  readonly #jtis = new Set<unknown>();
  readonly #boundTo = new Map<string, string>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, headers = {}, body }) => {
        response.writeHead(status, headers).end(body);
      });
    });
  }

  static async start(): Promise<DpopServer> {
    const server = new DpopServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method = '', url = '', headers } = request;
    const endpoint = url.startsWith('/proxy/') ? 'proxy' : 'token';
    const body = (await buffer(request)).toString('latin1');
    const proof = await this.#verifiedProof(request, method, url).catch(() => undefined);
    this.seen.push({ method, url, headers, body, proof });
    if (url === '/oauth2/revoke') return this.#revoked(new URLSearchParams(body), request, proof);
    return this.#refused(request, endpoint, proof) ?? this.#served(request, endpoint, proof);
  }

  /** Of a bound handle, `cascade` needs the proof of its key and with it the handle's hash. */
  #revoked(form: URLSearchParams, request: IncomingMessage, proof: ProvenRequest['proof']): Answer {
    const handle = form.get('token') ?? '';
    const jkt = this.#boundTo.get(handle);
    if (jkt === undefined || !form.has('cascade')) return { status: 200 };
    const refused = this.#refused(request, 'token', proof);
    if (refused !== undefined) return refused;
    const isProven = proof?.jkt === jkt && proof.claims['ath'] === hashOf(handle);
    return isProven ? { status: 200 } : refusal('token', 'invalid_dpop_proof');
  }

  #refused(
    request: IncomingMessage,
    endpoint: Endpoint,
    proof: ProvenRequest['proof'],
  ): Answer | undefined {
    if (proof === undefined && request.headers['dpop'] !== undefined) {
      return refusal(endpoint, 'invalid_dpop_proof');
    }
    if (proof !== undefined && !this.#hasNonce(endpoint, proof.claims)) {
      return refusal(endpoint, 'use_dpop_nonce', this.#nonceHeader(endpoint));
    }
    return undefined;
  }

  #served(request: IncomingMessage, endpoint: Endpoint, proof: ProvenRequest['proof']): Answer {
    if (endpoint === 'token') return this.#issue(proof?.jkt);
    return isOfItsKey(request, proof, this.#boundTo)
      ? this.#forward()
      : refusal('proxy', 'invalid_token');
  }

  /** RFC 9449 section 4.3. */
  async #verifiedProof(
    request: IncomingMessage,
    method: string,
    url: string,
  ): Promise<ProvenRequest['proof']> {
    const presented = request.headers['dpop'];
    if (presented === undefined) return undefined;
    if (typeof presented !== 'string') throw new Error('two proofs');
    const { payload, protectedHeader } = await jwtVerify(presented, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['jti', 'htm', 'htu', 'iat'],
      maxTokenAge: IAT_WINDOW_SECONDS,
    });
    const htu = this.origin + (url.split('?', 1)[0] ?? '');
    if (payload['htm'] !== method || payload['htu'] !== htu || this.#jtis.has(payload.jti)) {
      throw new Error('a proof for something else');
    }
    this.#jtis.add(payload.jti);
    if (protectedHeader.jwk === undefined || 'd' in protectedHeader.jwk) throw new Error('jwk');
    return { claims: payload, jkt: await calculateJwkThumbprint(protectedHeader.jwk) };
  }

  #hasNonce(endpoint: Endpoint, claims: JWTPayload): boolean {
    return this.acceptsNonces && claims['nonce'] === this.#nonces[endpoint];
  }

  #nonceHeader(endpoint: Endpoint): Record<string, string> {
    if (this.givesNonces === false) return {};
    const nonce = this.givesNonces === true ? this.#nonces[endpoint] : this.givesNonces;
    return { 'dpop-nonce': nonce };
  }

  #renewedNonce(endpoint: Endpoint): Record<string, string> {
    if (!this.renewsNonces) return {};
    this.#nonces[endpoint] = randomUUID();
    return this.#nonceHeader(endpoint);
  }

  #issue(jkt: string | undefined): Answer {
    const handle = `pst_test_${randomUUID().replaceAll('-', '')}`;
    if (jkt !== undefined) this.#boundTo.set(handle, jkt);
    const answer = {
      access_token: handle,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: jkt === undefined ? 'Bearer' : this.tokenType,
      handle_id: 'hdl_1',
      expires_in: 300,
      scope: 'ledger.read',
    };
    const headers = { 'content-type': 'application/json', ...this.#renewedNonce('token') };
    return { status: 200, headers, body: this.tokenAnswer ?? JSON.stringify(answer) };
  }

  #forward(): Answer {
    const { status, headers = {}, body = '' } = this.legacyAnswer;
    return { status, headers: { ...headers, ...this.#renewedNonce('proxy') }, body };
  }
}

/** RFC 9449 section 7.1: the scheme fits the handle, the proof is by the bound key and names the handle. */
function isOfItsKey(
  { headers }: IncomingMessage,
  proof: ProvenRequest['proof'],
  boundTo: ReadonlyMap<string, string>,
): boolean {
  const [scheme, handle = ''] = (headers.authorization ?? '').split(' ');
  const jkt = boundTo.get(handle);
  if (jkt === undefined) return scheme === 'Bearer' && proof === undefined;
  return scheme === 'DPoP' && proof?.jkt === jkt && proof.claims['ath'] === hashOf(handle);
}

const hashOf = (handle: string): string => createHash('sha256').update(handle).digest('base64url');

const refusal = (endpoint: Endpoint, code: string, headers: Record<string, string> = {}): Answer =>
  endpoint === 'token'
    ? { status: 400, headers, body: JSON.stringify({ error: code }) }
    : {
        status: 401,
        headers: {
          ...headers,
          'postern-error': code,
          'www-authenticate': `DPoP error="${code}"`,
        },
      };
