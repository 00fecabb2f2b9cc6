export {
  compileIntrospection,
  compileIssuer,
  type IntrospectionDeclaration,
  type IssuerDeclaration,
} from './compile-issuer.js';
export { compileTransmitters, type SignalDeclaration } from './compile-transmitters.js';
export {
  type IntrospectionRegistration,
  type IssuerRegistration,
  type IssuerTerms,
  type KeyLocation,
  type RegisteredIssuer,
  type TokenUse,
} from './issuer-registration.js';
export { decodeBase64Url } from './base64url.js';
export { DPOP_ALGORITHMS } from './dpop-algorithms.js';
export {
  DPOP_CLOCK_SKEW_SECONDS,
  DPOP_PROOF_AGE_SECONDS_MAX,
  type DpopClaims,
  type DpopRequest,
} from './dpop-claims.js';
export { DPOP_PROOF_CHARACTERS_MAX } from './dpop-form.js';
export { type DpopExpectation, type VerifiedDpopProof, verifyDpopProof } from './dpop-proof.js';
export { DpopProofRejected } from './dpop-proof-rejected.js';
export { isOverdue, IssuerRegistry } from './issuer-registry.js';
export {
  type ActorHop,
  ACTORS_MAX,
  type DelegationClaims,
  type MayAct,
} from './delegation-claims.js';
export {
  IntrospectedTokenVerifier,
  type IntrospectedTokenVerifierParts,
} from './introspected-token-verifier.js';
export { verifyIntrospected } from './introspected-token.js';
export { IssuerRegistryInvalid } from './issuer-registry-invalid.js';
export { KeySetInvalid } from './key-set-invalid.js';
export { type KeySet, KeySource, type PublishedJwk } from './key-source.js';
export { parseKeySet } from './parse-key-set.js';
export { JsonRefused, type JsonLimits, parseStrictJson } from './parse-strict-json.js';
export { claimsNamed, sameClaim } from './required-claims.js';
export {
  type CommandRights,
  type SecurityEvent,
  SecurityEventVerifier,
  type SecurityEventVerifierParts,
  type SignalTransmitter,
} from './security-event.js';
export {
  type ClaimObject,
  COMMAND_EVENT_PREFIX,
  SET_AGE_SECONDS_MAX,
  SET_CLOCK_SKEW_SECONDS,
} from './security-event-claims.js';
export {
  type SecurityEventError,
  type SecurityEventFault,
  SecurityEventRejected,
} from './security-event-rejected.js';
export { SIGNATURE_ALGORITHMS, SVID_ALGORITHMS } from './signature-algorithms.js';
export { parseSpiffeBundle, type SpiffeBundle } from './spiffe-bundle.js';
export { isTrustDomain, parseSpiffeId, SPIFFE_SCHEME, type SpiffeId } from './spiffe-id.js';
export { SubjectTokenVerifier, type SubjectTokenVerifierParts } from './subject-token-verifier.js';
export { type TokenRejection, TokenRejected } from './token-rejected.js';
export { checkOpaqueForm, OPAQUE_TOKEN_CHARACTERS_MAX } from './opaque-token-form.js';
export {
  type IntrospectionAnswer,
  parseIntrospectionAnswer,
  TokenIntrospector,
} from './token-introspector.js';
export { type SvidExpectation, type VerifiedX509Svid, verifyX509Svid } from './x509-svid.js';
export { SvidRejected } from './svid-rejected.js';
export { x5tS256Of } from './client-certificate.js';
export { VerificationKeys } from './verification-keys.js';
export { type VerifiedToken } from './verified-token.js';
export { type ClaimValue, subjectIdOf, type WorkloadIdentity } from './workload-identity.js';
