import { TOKEN_EXCHANGE } from './token-exchange-request.js';

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
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint_auth_methods_supported: ['private_key_jwt', 'bearer'],
    introspection_endpoint_auth_signing_alg_values_supported: [
      'ES256',
      'ES384',
      'RS256',
      'PS256',
      'EdDSA',
    ],
    tls_client_certificate_bound_access_tokens: false,
  };
}
