import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

// RFC 6749 section 3.3: scope-token.
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The scopes that a token carries: `scope`, text with single spaces (RFC 8693 section 4.2), or `scp`, text or a list
 * as Microsoft and Okta send it. Undefined when it has neither; an empty one carries none, which is not the same.
 * @throws TokenRejected with reason `invalid_claims`, also when the two differ.
 */
export function readScopes(claims: ReadonlyMap<string, ClaimValue>): readonly string[] | undefined {
  const scope = claims.has('scope') ? readText(claims.get('scope')) : undefined;
  const scp = claims.has('scp') ? readTextOrList(claims.get('scp')) : undefined;
  if (scope === undefined || scp === undefined) return scope ?? scp;
  const same = scope.length === scp.length && scope.every((one) => scp.includes(one));
  if (!same) throw malformed('its scope and its scp differ');
  return scope;
}

function readTextOrList(value: ClaimValue | undefined): readonly string[] {
  return Array.isArray(value) ? checked(value as readonly ClaimValue[]) : readText(value);
}

function readText(value: ClaimValue | undefined): readonly string[] {
  if (typeof value !== 'string') throw malformed('its scope is not a string');
  return value === '' ? [] : checked(value.split(' '));
}

function checked(scopes: readonly ClaimValue[]): readonly string[] {
  const wellFormed = scopes.every((one) => typeof one === 'string' && SCOPE.test(one));
  if (!wellFormed) throw malformed('its scope is not a list of scope names');
  return [...new Set(scopes as readonly string[])];
}

const malformed = (rule: string): TokenRejected =>
  new TokenRejected('invalid_claims', `the token's claims are not accepted: ${rule}`);
