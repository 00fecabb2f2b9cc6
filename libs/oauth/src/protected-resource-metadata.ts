import { DPOP_ALGORITHMS } from '#identity';

/**
 * RFC 9728 section 2: the proxy as the protected resource that it is. One document for all of it: which legacy systems
 * there are, is nobody's business who holds no handle.
 */
export function protectedResourceMetadata(publicOrigin: string): Readonly<Record<string, unknown>> {
  return {
    resource: `${publicOrigin}/proxy`,
    authorization_servers: [publicOrigin],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: [...DPOP_ALGORITHMS],
    dpop_bound_access_tokens_required: false,
    tls_client_certificate_bound_access_tokens: true,
  };
}
