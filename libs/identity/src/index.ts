export { type IssuerRegistration, type KeyLocation, type TokenUse } from './issuer-registration.js';
export { type KeySet, KeySource, type PublishedJwk } from './key-source.js';
export { type TokenRejection, TokenRejected } from './token-rejected.js';
export { type VerifiedToken } from './verified-token.js';
export { type ClaimValue, subjectIdOf, type WorkloadIdentity } from './workload-identity.js';
