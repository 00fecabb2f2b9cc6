import { type AccessDecision, type AccessDenialReason, type AccessRequest } from './decision.js';
import { closestGrant, describeGrant, isMatch } from './closest-grant.js';
import { type Grant, type GrantSet } from './grant.js';
import { resourceUriOf } from './resource.js';

interface Denial {
  readonly reason: AccessDenialReason;
  readonly detail: string;
}

/**
 * May this workload have these scopes of this resource? Pure: the answer depends on nothing but its arguments.
 * In this order: exactly one grant matches; it is not overdue; its pattern fits; the scopes (requested, else the
 * grant's default) are within its ceiling and, when the subject token carries any, within those; for downscoping they
 * are fewer than the token's. Scopes are refused, never trimmed.
 */
export function decide(set: GrantSet, request: AccessRequest): AccessDecision {
  const [grant, second] = set.grants.filter((candidate) => isMatch(candidate, request));
  if (grant === undefined) return { ...closestGrant(set, request), ...denied(set) };
  if (second !== undefined) return deny(set, grant, ambiguous(grant, second));
  const scopes = request.requestedScopes ?? grant.defaultScopes ?? [];
  const denial =
    overdue(grant, request) ??
    patternMismatch(grant, request) ??
    scopesRefused(grant, request, scopes) ??
    notNarrower(grant, request, scopes);
  if (denial !== undefined) return deny(set, grant, denial);
  return { effect: 'permit', grant, grantSetDigest: set.digest, scopes: [...new Set(scopes)] };
}

const denied = (set: GrantSet) => ({ effect: 'deny', grantSetDigest: set.digest }) as const;

const deny = (set: GrantSet, grant: Grant, denial: Denial): AccessDecision => ({
  ...denied(set),
  ...denial,
  grant,
});

/** Overlap is refused when a set is compiled; a set that was made otherwise still gives no authority by it. */
const ambiguous = (grant: Grant, second: Grant): Denial => ({
  reason: 'not_allowed',
  detail: `two grants match: ${describeGrant(grant)} and ${describeGrant(second)}`,
});

function overdue(grant: Grant, { now }: AccessRequest): Denial | undefined {
  if (now.getTime() < grant.reviewBy.getTime()) return undefined;
  const since = grant.reviewBy.toISOString();
  return { reason: 'grant_overdue', detail: `${describeGrant(grant)} is overdue since ${since}` };
}

function patternMismatch(grant: Grant, { identity, resource }: AccessRequest): Denial | undefined {
  const mismatch = (why: string): Denial => ({
    reason: 'pattern_mismatch',
    detail: `${describeGrant(grant)} has pattern ${grant.pattern}: ${why}`,
  });
  if (identity.subjectKind === 'person') return mismatch('a person never asks without an actor');
  if (grant.pattern === 'delegation') return mismatch('it needs an actor, which is not available');
  if (resource.uri === resourceUriOf(identity.issuer, resource.id)) {
    return mismatch('the issuer is Postern itself');
  }
  return undefined;
}

function scopesRefused(
  grant: Grant,
  { identity, requestedScopes }: AccessRequest,
  scopes: readonly string[],
): Denial | undefined {
  const refuse = (why: string): Denial => ({ reason: 'scope_not_allowed', detail: why });
  if (scopes.length === 0) {
    return refuse(
      requestedScopes === undefined
        ? `no scope was requested and ${describeGrant(grant)} has no defaultScopes`
        : 'an empty list of scopes was requested',
    );
  }
  const above = scopes.filter((scope) => !grant.scopes.includes(scope));
  if (above.length > 0) {
    return refuse(
      `${list(above)} is not within ${describeGrant(grant)}, which has ${list(grant.scopes)}`,
    );
  }
  return beyondSubjectToken(grant, identity.scopes, scopes);
}

function beyondSubjectToken(
  grant: Grant,
  carried: readonly string[] | undefined,
  scopes: readonly string[],
): Denial | undefined {
  if (carried === undefined) {
    if (grant.pattern !== 'downscoping') return undefined;
    // What the token is good for is unknown, and unknown is not unconstrained (exchange.md X-18).
    const detail = `${describeGrant(grant)} has pattern downscoping, and the subject token carries no scopes`;
    return { reason: 'scope_not_allowed', detail };
  }
  const beyond = scopes.filter((scope) => !carried.includes(scope));
  if (beyond.length === 0) return undefined;
  const detail = `${list(beyond)} is not within the subject token's scopes, ${list(carried)}`;
  return { reason: 'scope_not_allowed', detail };
}

/** Downscoping gives up at least one scope of the subject token: an equal set would only launder the token. */
function notNarrower(
  grant: Grant,
  { identity }: AccessRequest,
  scopes: readonly string[],
): Denial | undefined {
  if (grant.pattern !== 'downscoping') return undefined;
  if (new Set(identity.scopes).size > new Set(scopes).size) return undefined;
  const detail = `${describeGrant(grant)} has pattern downscoping: ${list(scopes)} gives up none of the subject token's scopes`;
  return { reason: 'pattern_mismatch', detail };
}

const LISTED_SCOPES_MAX = 20;

const list = (scopes: readonly string[]): string =>
  scopes.length === 0 ? '(none)' : JSON.stringify(scopes.slice(0, LISTED_SCOPES_MAX).join(' '));
