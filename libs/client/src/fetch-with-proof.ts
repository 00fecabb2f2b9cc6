import { type DpopEndpoint } from './dpop-nonces.js';
import { type DpopProver } from './dpop-prover.js';
import { PosternClientError } from './postern-client-error.js';
import { errorCodeOf } from './postern-refused.js';

/** A request that is to carry a proof. */
export interface ProvenRequest {
  readonly endpoint: DpopEndpoint;
  readonly url: string;
  /** What the proof names; default `url`. The admin API is proven to by the public origin, wherever it listens. */
  readonly provenUrl?: string;
  readonly method: string;
  /** Goes into the proof, as its hash. */
  readonly handle?: string;
  readonly init: RequestInit;
}

const NONCE_WANTED = 'use_dpop_nonce';

/**
 * Sends a request with a proof; when the answer wants a nonce and brings one, once more with it. What answers the second
 * request is the answer. Redirects are not followed: a proof is good for one URL.
 * @throws PosternClientError body_not_replayable
 */
export async function fetchWithProof(
  prover: DpopProver,
  request: ProvenRequest,
): Promise<Response> {
  const first = await send(prover, request);
  if (!first.hasNonce || !(await wantsNonce(request.endpoint, first.response))) {
    return first.response;
  }
  await first.response.body?.cancel();
  if (!isReplayable(request.init.body)) {
    throw new PosternClientError(
      'body_not_replayable',
      'Postern wants a nonce in the proof and the body was a stream, which cannot be sent twice; ' +
        'the nonce is known now: call again with a new stream, or give the body as bytes',
    );
  }
  return (await send(prover, request)).response;
}

async function send(
  prover: DpopProver,
  { endpoint, url, provenUrl = url, method, handle, init }: ProvenRequest,
): Promise<{ readonly response: Response; readonly hasNonce: boolean }> {
  const headers = new Headers(init.headers);
  const target = { endpoint, url: provenUrl, method, ...(handle === undefined ? {} : { handle }) };
  headers.set('dpop', await prover.prove(target));
  const redirect = init.redirect === 'error' ? 'error' : 'manual';
  const response = await fetch(url, { ...init, method, headers, redirect });
  return { response, hasNonce: prover.remember(endpoint, provenUrl, response.headers) };
}

/** RFC 9449 sections 8 and 9. A 401 without `postern-error` is the legacy system's own and says nothing to us. */
async function wantsNonce(endpoint: DpopEndpoint, response: Response): Promise<boolean> {
  if (endpoint === 'token') {
    return response.status === 400 && (await errorCodeOf(response.clone())) === NONCE_WANTED;
  }
  return response.status === 401 && response.headers.get('postern-error') === NONCE_WANTED;
}

/** Whether the body can be read twice: a list of what can, since everything else may be a stream. */
function isReplayable(body: RequestInit['body']): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return true;
  return [URLSearchParams, FormData, Blob].some((kind) => body instanceof kind);
}
