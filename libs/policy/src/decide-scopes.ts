import { type AccessRequest } from './access-request.js';
import { describeGrant } from './closest-grant.js';
import { type Denial } from './decision.js';
import { type Grant } from './grant.js';

const LISTED_SCOPES_MAX = 20;

export const listScopes = (scopes: readonly string[]): string =>
  scopes.length === 0 ? '(none)' : JSON.stringify(scopes.slice(0, LISTED_SCOPES_MAX).join(' '));

const refuse = (detail: string): Denial => ({ reason: 'scope_not_allowed', detail });

/** Scopes that were asked for, else the grant's default: within the ceiling and what is presented, never trimmed. */
export function scopesRefused(
  grant: Grant,
  { identity, requestedScopes }: AccessRequest,
  scopes: readonly string[],
): Denial | undefined {
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
      `${listScopes(above)} is not within ${describeGrant(grant)}, which has ${listScopes(grant.scopes)}`,
    );
  }
  return beyondPresented(grant, identity.scopes, scopes);
}

function beyondPresented(
  grant: Grant,
  carried: readonly string[] | undefined,
  scopes: readonly string[],
): Denial | undefined {
  if (carried === undefined) {
    if (grant.pattern !== 'downscoping') return undefined;
    // What the token is good for is unknown, and unknown is not unconstrained (X-18 in docs/conformance.md).
    return refuse(
      `${describeGrant(grant)} has pattern downscoping, and the subject token carries no scopes`,
    );
  }
  const beyond = scopes.filter((scope) => !carried.includes(scope));
  if (beyond.length === 0) return undefined;
  return refuse(
    `${listScopes(beyond)} is not within the subject token's scopes, ${listScopes(carried)}`,
  );
}
