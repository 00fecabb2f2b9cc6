import { secondsAfter, sha256OfParts } from '#kernel';
import {
  checkAudience,
  checkPeriod,
  checkTypes,
  invalid,
  readDate,
  readText,
} from './check-claims.js';
import { readDelegation } from './delegation-claims.js';
import { type IntrospectionRegistration } from './issuer-registration.js';
import { checkRequiredClaims } from './required-claims.js';
import { readConfirmation } from './token-confirmation.js';
import { type IntrospectionAnswer } from './token-introspector.js';
import { TokenRejected } from './token-rejected.js';
import { readScopes } from './token-scopes.js';
import { type VerifiedToken } from './verified-token.js';

/**
 * An opaque token, by what its issuer answered about it (RFC 7662 section 2.2), against the rules of that issuer: the
 * same as for claims of a JWT, wherever both have the member.
 * @throws TokenRejected for every answer that does not vouch for the token, here and now, to this deployment.
 */
export function verifyIntrospected(
  token: string,
  answer: IntrospectionAnswer,
  issuer: IntrospectionRegistration,
  at: { readonly audience: string; readonly now: Date },
): VerifiedToken {
  checkActive(answer);
  checkOrigin(answer, issuer, at.audience);
  const { issuedAt, expiresAt } = checkTimes(answer, issuer, at.now);
  const subject = readText(answer, 'sub');
  if (subject === undefined) throw invalid('it has no sub');
  const jti = readText(answer, 'jti');
  checkTypes(answer);
  checkRequiredClaims(answer, issuer.requiredClaims);
  const epoch = new Date(0);
  return {
    identity: {
      issuer: issuer.issuer,
      subject,
      subjectKind: issuer.subjects,
      claims: answer,
      scopes: readScopes(answer),
    },
    issuer,
    jti,
    // Without a jti this counts the uses. The token is a secret until it expires, so only a digest of it may be kept,
    // and one that is of no use to whoever holds digests of tokens made in another way.
    signingInputDigest: sha256OfParts(['introspected-token', issuer.issuer, token]),
    keyId: undefined,
    issuedAt: secondsAfter(epoch, issuedAt),
    expiresAt: secondsAfter(epoch, expiresAt),
    confirmation: readBinding(answer),
    ...readDelegation(answer, issuer.issuer),
  };
}

/** The boolean and nothing that is like it: `"true"` and 1 come of an answer that nobody should build upon. */
function checkActive(answer: IntrospectionAnswer): void {
  const active = answer.get('active');
  if (active === true) return;
  throw invalid(
    active === false ? 'its issuer says that it is not active' : 'the answer has no boolean active',
  );
}

function checkOrigin(
  answer: IntrospectionAnswer,
  issuer: IntrospectionRegistration,
  audience: string,
): void {
  if (answer.has('iss') && answer.get('iss') !== issuer.issuer) {
    throw invalid(`its iss is not the one that issuer ${issuer.id} is registered with`);
  }
  if (issuer.audienceRequired) checkAudience(answer.get('aud'), audience);
}

/**
 * RFC 7662 makes `exp` optional; here it is demanded: an end that the registration made up would let a token that
 * never ends be exchanged for ever, each time as if it were new. Without `iat` the token counts as issued now, so that
 * what is left of its life is held to the registered limit. Its age is not known then: where the registration limits
 * the age more than the life, such a token is refused.
 */
function checkTimes(
  answer: IntrospectionAnswer,
  issuer: IntrospectionRegistration,
  now: Date,
): { issuedAt: number; expiresAt: number } {
  const expiresAt = readDate(answer, 'exp');
  if (expiresAt === undefined) throw invalid('the answer has no exp');
  const sent = readDate(answer, 'iat');
  if (sent === undefined && issuer.maxAgeSeconds < issuer.maxLifetimeSeconds) {
    throw invalid('the answer has no iat, and its issuer is registered with a greatest token age');
  }
  const issuedAt = sent ?? Math.floor(now.getTime() / 1000);
  const notBefore = readDate(answer, 'nbf') ?? 0;
  checkPeriod({ issuedAt, expiresAt, notBefore }, issuer, now.getTime() / 1000);
  return { issuedAt, expiresAt };
}

/**
 * The key that the token is bound to, never lost on the way (RFC 9449 section 6.2, RFC 8705 section 3.2).
 * @throws TokenRejected for a binding that is announced and not told, or of a kind that is not known here.
 */
function readBinding(answer: IntrospectionAnswer): VerifiedToken['confirmation'] {
  const confirmation = readConfirmation(answer);
  // RFC 6749 section 5.1: the value is case insensitive.
  const tokenType = readText(answer, 'token_type')?.toLowerCase() ?? 'bearer';
  if (tokenType === 'dpop' && confirmation?.jkt === undefined) {
    throw invalid('its token_type is DPoP, and the answer does not tell the key (cnf.jkt)');
  }
  if (tokenType === 'bearer' || tokenType === 'dpop') return confirmation;
  throw new TokenRejected('not_supported', "the token's token_type is not Bearer or DPoP");
}
