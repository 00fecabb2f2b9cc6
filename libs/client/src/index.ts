export { type DpopKeys, type DpopPrivateJwk, generateDpopJwk } from './dpop-keys.js';
export { DpopProver } from './dpop-prover.js';
export { type CallDetails, type ExchangeRequest, type ExchangeTarget } from './exchange-request.js';
export { fetchWithProof, type ProvenRequest } from './fetch-with-proof.js';
export { type IssuedHandle } from './issued-handle.js';
export { PosternClient, type PosternClientOptions, type RevokeOptions } from './postern-client.js';
export { PosternClientError, type PosternClientErrorCode } from './postern-client-error.js';
export { PosternRefused } from './postern-refused.js';
