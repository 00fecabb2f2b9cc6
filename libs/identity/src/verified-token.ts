import { type Digest } from '#kernel';
import { type DelegationClaims } from './delegation-claims.js';
import { type IssuerTerms } from './issuer-registration.js';
import { type WorkloadIdentity } from './workload-identity.js';

/** A subject or actor token after every check. */
export interface VerifiedToken extends DelegationClaims {
  readonly identity: WorkloadIdentity;
  readonly issuer: IssuerTerms;
  readonly jti: string | undefined;
  /** SHA-256 of the JWS signing input: the same for every encoding of the signature. */
  readonly signingInputDigest: Digest;
  readonly keyId: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The key that the token is bound to (`cnf`), when it is. */
  readonly confirmation: { readonly jkt?: string; readonly x5tS256?: string } | undefined;
}
