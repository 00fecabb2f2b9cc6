/**
 * JWS algorithms that an issuer may be registered with (RFC 7518 section 3.1, RFC 8037, RFC 9864). Asymmetric only;
 * compared with regard to case.
 */
export const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
]);

/** Those of JWT-SVIDs (JWT-SVID section 2.1, RFC 7518 section 3.1). */
export const SVID_ALGORITHMS: ReadonlySet<string> = new Set(
  [...SIGNATURE_ALGORITHMS].filter((algorithm) => /^(?:RS|ES|PS)(?:256|384|512)$/.test(algorithm)),
);
