/**
 * JWS algorithms that a DPoP proof may be signed with (RFC 9449 section 5.1: asymmetric ones only), as the metadata of
 * the authorization server lists them. Compared with regard to case.
 */
export const DPOP_ALGORITHMS: readonly string[] = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
  'RS256',
];
