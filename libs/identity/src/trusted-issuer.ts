import { type IssuerRegistration } from './issuer-registration.js';
import { isOverdue, type IssuerRegistry } from './issuer-registry.js';
import { parseSpiffeId, SPIFFE_SCHEME } from './spiffe-id.js';
import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

type Claims = ReadonlyMap<string, ClaimValue>;

/** Whatever a reader in a hurry would take for a SPIFFE ID. */
const SPIFFE_LOOKING = /^\s*spiffe:/i;

/**
 * The registration by whose rules and keys a token is judged, from claims that nobody vouched for yet. Before any key is
 * asked for: an unknown issuer costs nothing.
 * @throws TokenRejected with reason `issuer_untrusted`; `invalid_claims` for a subject that is almost a SPIFFE ID.
 */
export function trustedIssuer(
  claims: Claims,
  issuers: IssuerRegistry,
  now: Date,
): IssuerRegistration {
  const subject = claims.get('sub');
  const issuer =
    typeof subject === 'string' && SPIFFE_LOOKING.test(subject)
      ? trustDomainOf(subject, issuers)
      : oidcIssuer(claims.get('iss'), issuers);
  if (isOverdue(issuer, now)) {
    throw untrusted(
      `the review of issuer ${issuer.id} is overdue; until someone reviews it, it is not trusted`,
    );
  }
  return issuer;
}

/**
 * A SPIFFE ID is vouched for by its own trust domain alone: `iss` is not looked at. Otherwise an OIDC issuer, or one
 * domain, could name the workloads of another (SPIFFE Federation section 4, WIMSE credentials "trust anchors").
 */
function trustDomainOf(subject: string, issuers: IssuerRegistry): IssuerRegistration {
  const spiffeId = parseSpiffeId(subject);
  if (spiffeId === undefined) {
    throw new TokenRejected(
      'invalid_claims',
      "the token's claims are not accepted: its sub is like a SPIFFE ID and is none",
    );
  }
  const domain = issuers.find(`${SPIFFE_SCHEME}${spiffeId.trustDomain}`);
  if (domain?.kind !== 'spiffe') {
    throw untrusted("the trust domain of the token's sub is not registered");
  }
  return domain;
}

/** A trust domain vouches for SPIFFE IDs alone, so `iss` never leads to one. */
function oidcIssuer(iss: ClaimValue | undefined, issuers: IssuerRegistry): IssuerRegistration {
  const issuer = typeof iss === 'string' ? issuers.find(iss) : undefined;
  if (issuer?.kind !== 'oidc') throw untrusted("the token's issuer is not registered");
  return issuer;
}

const untrusted = (message: string): TokenRejected =>
  new TokenRejected('issuer_untrusted', message);
