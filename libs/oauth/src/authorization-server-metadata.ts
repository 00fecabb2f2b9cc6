import { DPOP_ALGORITHMS, SIGNATURE_ALGORITHMS } from '#identity';
import { CALL_DETAILS_TYPE } from './parse-intent.js';
import { TOKEN_EXCHANGE } from './token-exchange-request.js';

/** A JWT of the workload itself (RFC 7523), which is what this registered name comes closest to. */
const ASSERTION = 'private_key_jwt';

/**
 * RFC 8414 section 2: what this server does, and nothing that it does not. Names no resource, issuer or grant. There is
 * no authorization endpoint; `response_types_supported` is required all the same, and empty.
 */
export function authorizationServerMetadata(
  publicOrigin: string,
): Readonly<Record<string, unknown>> {
  return {
    issuer: publicOrigin,
    token_endpoint: `${publicOrigin}/oauth2/token`,
    introspection_endpoint: `${publicOrigin}/oauth2/introspect`,
    revocation_endpoint: `${publicOrigin}/oauth2/revoke`,
    grant_types_supported: [TOKEN_EXCHANGE],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none', ASSERTION],
    token_endpoint_auth_signing_alg_values_supported: [...SIGNATURE_ALGORITHMS],
    revocation_endpoint_auth_methods_supported: ['none'],
    dpop_signing_alg_values_supported: [...DPOP_ALGORITHMS],
    tls_client_certificate_bound_access_tokens: true,
    authorization_details_types_supported: [CALL_DETAILS_TYPE],
    introspection_endpoint_auth_methods_supported: ['Bearer', ASSERTION],
    introspection_endpoint_auth_signing_alg_values_supported: [...SIGNATURE_ALGORITHMS],
  };
}
