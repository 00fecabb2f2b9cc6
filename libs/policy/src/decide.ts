import { type AccessRequest, type BindingKind } from './access-request.js';
import { closestGrant, describeGrant } from './closest-grant.js';
import { conditionNotMet } from './decide-condition.js';
import { bindingOf } from './decide-binding.js';
import { callOf, intentRefused, taskOf } from './decide-intent.js';
import { chainDepthOf, patternMismatch } from './decide-pattern.js';
import { listScopes, scopesRefused } from './decide-scopes.js';
import { type AccessDecision, type Denial, type Permission } from './decision.js';
import { type Grant, type GrantSet } from './grant.js';
import { handleCallsMax, handleLifeSeconds } from './handle-limits.js';
import { isFor, notTaken, takes } from './match-grants.js';

/**
 * May this workload have these scopes of this resource, and within what limits? Pure: the answer depends on nothing but
 * its arguments. In this order: exactly one grant is for the subject and the resource and takes what is presented; the
 * scopes are within its ceiling and what is presented; it is not overdue; its pattern fits, and not deeper than it
 * permits; the caller has proven itself where it must; what is asked for by name is within; `when` holds; the binding is
 * as strong as anything asks; there is life left. Refused, never trimmed.
 */
export function decide(set: GrantSet, request: AccessRequest): AccessDecision {
  const found = findGrant(set, request);
  if ('effect' in found) return found;
  const judged = judge(found, request);
  return 'reason' in judged
    ? deny(set, found, judged)
    : { effect: 'permit', grantSetDigest: set.digest, ...judged };
}

const deny = (set: GrantSet, grant: Grant | undefined, denial: Denial): AccessDecision => ({
  effect: 'deny',
  grantSetDigest: set.digest,
  ...denial,
  grant,
});

function findGrant(set: GrantSet, request: AccessRequest): Grant | AccessDecision {
  const elsewhere = ofAnotherResource(request);
  if (elsewhere !== undefined) return deny(set, undefined, elsewhere);
  const candidates = set.grants.filter((candidate) => isFor(candidate, request));
  const [nearest] = candidates;
  if (nearest === undefined) {
    const { grant, ...denial } = closestGrant(set, request);
    return deny(set, grant, denial);
  }
  const [grant, second] = candidates.filter((candidate) => takes(candidate, request));
  if (grant === undefined) return deny(set, nearest, notTaken(candidates, request));
  return second === undefined ? grant : deny(set, grant, ambiguous(grant, second));
}

/** A handle becomes one of its own resource, and of no other (A-08 in docs/conformance.md). */
function ofAnotherResource({ presented, resource }: AccessRequest): Denial | undefined {
  if (presented.kind !== 'handle' || presented.parent.resource === resource.id) return undefined;
  const detail = `the handle is for resource ${presented.parent.resource}, asked was ${resource.id}`;
  return { reason: 'not_allowed', detail };
}

/** Overlap is refused when a set is compiled; a set that was made otherwise still gives no authority by it. */
const ambiguous = (grant: Grant, second: Grant): Denial => ({
  reason: 'not_allowed',
  detail: `two grants match: ${describeGrant(grant)} and ${describeGrant(second)}`,
});

function judge(grant: Grant, request: AccessRequest): Permission | Denial {
  const scopes = [...new Set(request.requestedScopes ?? grant.defaultScopes ?? [])];
  const refused =
    scopesRefused(grant, request, scopes) ??
    overdue(grant, request) ??
    patternMismatch(grant, request) ??
    unproven(grant, request) ??
    intentRefused(grant, request, scopes);
  if (refused !== undefined) return refused;
  return permission(grant, request, scopes);
}

function permission(
  grant: Grant,
  request: AccessRequest,
  scopes: readonly string[],
): Permission | Denial {
  const binding = bindingOf(grant, request);
  const permitted = {
    grant,
    scopes,
    lifeSeconds: handleLifeSeconds(grant, request),
    maxCalls: handleCallsMax(grant, request),
    binding: boundBy(binding),
    chainDepth: chainDepthOf(request.presented),
    call: callOf(request),
    task: taskOf(request),
  };
  const unmet = conditionNotMet(request, permitted);
  if (unmet !== undefined) return unmet;
  if (typeof binding !== 'string') return binding;
  return nothingLeft(permitted) ?? notNarrower(request, permitted) ?? permitted;
}

const boundBy = (binding: BindingKind | Denial): BindingKind =>
  typeof binding === 'string' ? binding : 'none';

function overdue(grant: Grant, { now }: AccessRequest): Denial | undefined {
  if (now.getTime() < grant.reviewBy.getTime()) return undefined;
  const since = grant.reviewBy.toISOString();
  return { reason: 'grant_overdue', detail: `${describeGrant(grant)} is overdue since ${since}` };
}

/** RFC 8693 section 2.1: whoever finds a subject token could exchange it, unless its subject must prove itself. */
function unproven(grant: Grant, { clientAuthenticated }: AccessRequest): Denial | undefined {
  if (grant.clientAuth === 'self' || clientAuthenticated) return undefined;
  return {
    reason: 'client_auth_required',
    detail: `${describeGrant(grant)} wants a client assertion or a subject token that is bound to a key`,
  };
}

function nothingLeft({ lifeSeconds, maxCalls }: Permission): Denial | undefined {
  const reason = 'no_lifetime_left';
  if (lifeSeconds <= 0) return { reason, detail: 'what is presented has no second left' };
  return maxCalls <= 0 ? { reason, detail: 'the handle has no call left to give' } : undefined;
}

/** Downscoping gives something up: an equal handle would only launder what is presented. */
function notNarrower(request: AccessRequest, permitted: Permission): Denial | undefined {
  const { grant, scopes } = permitted;
  if (grant.pattern !== 'downscoping') return undefined;
  const fewerScopes = new Set(request.identity.scopes).size > scopes.length;
  if (fewerScopes || isOtherwiseNarrower(request, permitted)) return undefined;
  const detail = `${describeGrant(grant)} has pattern downscoping: ${listScopes(scopes)} gives up nothing of what is presented`;
  return { reason: 'pattern_mismatch', detail };
}

/** One call of many; of a handle also fewer calls or a shorter life. */
function isOtherwiseNarrower(request: AccessRequest, permitted: Permission): boolean {
  const { presented, expiresAt, now } = request;
  if (presented.kind !== 'handle') return permitted.call !== undefined;
  const { parent } = presented;
  return (
    (permitted.call !== undefined && parent.call === undefined) ||
    permitted.maxCalls < parent.maxCalls ||
    now.getTime() + permitted.lifeSeconds * 1000 < expiresAt.getTime()
  );
}
