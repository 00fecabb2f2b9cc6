import {
  checkAudience,
  checkPeriod,
  checkTypes,
  invalid,
  readDate,
  readText,
  type RegisteredClaims,
} from './check-claims.js';
import { type IssuerTerms } from './issuer-registration.js';
import { checkRequiredClaims } from './required-claims.js';
import { type ClaimValue } from './workload-identity.js';

type Claims = ReadonlyMap<string, ClaimValue>;

/**
 * The claims of a JWT-SVID against the rules of its trust domain (JWT-SVID section 3). The signature is verified before,
 * and that `sub` is a SPIFFE ID of that trust domain.
 *
 * A JWT-SVID need not carry a `jti`, and those of SPIRE do not: then its uses are counted by the digest of its signing
 * input, which is the same however the signature is written. An OIDC issuer is asked for a `jti` all the same, since
 * there it is the issuer that says which tokens are one.
 * @throws TokenRejected with reason `invalid_claims` or `expired`.
 */
export function checkSvidClaims(
  claims: Claims,
  issuer: IssuerTerms,
  at: { readonly audience: string; readonly now: Date },
): RegisteredClaims {
  checkAudience(claims.get('aud'), at.audience);
  const times = checkTimes(claims, issuer, at.now);
  const jti = readText(claims, 'jti');
  checkTypes(claims);
  checkRequiredClaims(claims, issuer.requiredClaims);
  return { subject: claims.get('sub') as string, jti, ...times };
}

/**
 * JWT-SVID section 3.3 demands `exp` alone. Without `iat` the token counts as issued now: what is left of its life is
 * held to the registered limit. Its age is not known then: where the registration limits the age more than the life,
 * such a token is refused.
 */
function checkTimes(
  claims: Claims,
  issuer: IssuerTerms,
  now: Date,
): { issuedAt: number; expiresAt: number } {
  const expiresAt = readDate(claims, 'exp');
  if (expiresAt === undefined) throw invalid('it has no exp');
  const sent = readDate(claims, 'iat');
  if (sent === undefined && issuer.maxAgeSeconds < issuer.maxLifetimeSeconds) {
    throw invalid('it has no iat, and its trust domain is registered with a greatest token age');
  }
  const nowSeconds = now.getTime() / 1000;
  const issuedAt = sent ?? Math.min(Math.floor(nowSeconds), expiresAt - 1);
  const notBefore = readDate(claims, 'nbf') ?? 0;
  checkPeriod({ issuedAt, expiresAt, notBefore }, issuer, nowSeconds);
  return { issuedAt, expiresAt };
}
