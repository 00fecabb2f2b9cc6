import { callUrl } from './call-target.js';
import { DpopProver } from './dpop-prover.js';
import { exchangeForm, type ExchangeRequest } from './exchange-request.js';
import { fetchWithProof } from './fetch-with-proof.js';
import { handleText, type IssuedHandle, issuedHandleOf } from './issued-handle.js';
import { PosternClientError } from './postern-client-error.js';
import { refusalOf } from './postern-refused.js';

/** Whether handles are bound to a key of the client's (DPoP, RFC 9449). */
export type PosternClientOptions =
  | {
      /** Default. Whoever has the handle can use it. */
      readonly proof?: 'none';
    }
  | {
      /** Handles are bound to the prover's key, and each request proves that the client has it. */
      readonly proof: 'dpop';
      /** Default: one with a new key for this client, made at the first use. */
      readonly prover?: DpopProver;
    };

export interface RevokeOptions {
  /** Default: the handle alone. With it all that descend from the same subject token, or all of its task. */
  readonly cascade?: 'family' | 'task';
}

const REQUEST_TIMEOUT_MS = 15_000;

/** Exchanges a workload identity for handles and calls legacy systems with them. Runs on any runtime with `fetch`. */
export class PosternClient {
  readonly #origin: string;
  readonly #options: PosternClientOptions;
  #prover: Promise<DpopProver> | undefined;

  /** @param origin Postern's public origin, such as `https://postern.example`. */
  constructor(origin: string, options: PosternClientOptions = {}) {
    this.#origin = origin.replace(/\/$/, '');
    this.#options = options;
  }

  /**
   * RFC 8693 token exchange. With proofs, sent once more when Postern wants a nonce in the proof. A client with proofs
   * takes no handle that is not bound to its key.
   * @throws PosternRefused
   * @throws PosternClientError invalid_argument, downgraded, unexpected_answer
   */
  async exchange(request: ExchangeRequest): Promise<IssuedHandle> {
    const form = exchangeForm(request);
    const prover = await this.#proverInUse();
    const issued = await issuedHandleOf(await this.#post('/oauth2/token', form, prover));
    assertBinding(issued, prover);
    return issued;
  }

  /**
   * Calls the resource: like `fetch`, with a path below the resource instead of a URL. Answers of the legacy system
   * come back whatever their status; refusals of Postern carry the header `postern-error`. With proofs, redirects are
   * never followed, and a call whose body is no stream is sent once more when Postern wants a nonce in the proof: it
   * has not reached the legacy system then.
   * @throws PosternClientError invalid_argument, proof_key_missing, downgraded, body_not_replayable
   */
  async call(
    handle: string | IssuedHandle,
    resource: string,
    path: string,
    init: RequestInit = {},
  ): Promise<Response> {
    const text = handleText(handle);
    const url = callUrl(this.#origin, resource, path);
    const method = (init.method ?? 'GET').toUpperCase();
    const prover = await this.#proverInUse();
    if (typeof handle !== 'string') assertBinding(handle, prover);
    const headers = new Headers(init.headers);
    headers.set('authorization', `${prover === undefined ? 'Bearer' : 'DPoP'} ${text}`);
    if (prover === undefined) return fetch(url, { redirect: 'manual', ...init, method, headers });
    const request = { ...init, headers };
    return fetchWithProof(prover, { endpoint: 'proxy', url, method, handle: text, init: request });
  }

  /**
   * RFC 7009: takes the handle's authority away, for ever. An unknown handle is no error. It needs no proof: whoever
   * finds a handle may end it. For a bound handle to take others along needs the proof, sent as for an exchange; when it
   * is refused, nothing is revoked.
   * @throws PosternRefused
   * @throws PosternClientError invalid_argument
   */
  async revoke(handle: string | IssuedHandle, { cascade }: RevokeOptions = {}): Promise<void> {
    const form = new URLSearchParams({ token: handleText(handle) });
    if (cascade === undefined) {
      await this.#post('/oauth2/revoke', form, undefined);
      return;
    }
    form.set('cascade', cascade);
    await this.#post('/oauth2/revoke', form, await this.#proverInUse(), handleText(handle));
  }

  /** One for the life of the client; undefined for a client without proofs. */
  async #proverInUse(): Promise<DpopProver | undefined> {
    if (this.#options.proof !== 'dpop') return undefined;
    if (this.#options.prover !== undefined) return this.#options.prover;
    this.#prover ??= DpopProver.generate();
    return this.#prover;
  }

  async #post(
    path: string,
    form: URLSearchParams,
    prover: DpopProver | undefined,
    handle?: string,
  ): Promise<Response> {
    const url = this.#origin + path;
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const init: RequestInit = { method: 'POST', body: form, redirect: 'error', signal };
    const named = handle === undefined ? {} : { handle };
    const response = await (prover === undefined
      ? fetch(url, init)
      : fetchWithProof(prover, { endpoint: 'token', url, method: 'POST', ...named, init }));
    if (response.ok) return response;
    throw await refusalOf(response);
  }
}

/**
 * With a key, only handles that are bound; without one, only handles that are not.
 * @throws PosternClientError
 */
function assertBinding({ tokenType }: IssuedHandle, prover: DpopProver | undefined): void {
  if (prover !== undefined && tokenType !== 'DPoP') {
    throw new PosternClientError(
      'downgraded',
      'the handle is not bound to the key of this client: it is not used',
    );
  }
  if (prover === undefined && tokenType === 'DPoP') {
    throw new PosternClientError(
      'proof_key_missing',
      "the handle is bound to a key: use a client with proof 'dpop' and that key",
    );
  }
}
