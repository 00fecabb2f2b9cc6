import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

/**
 * Delegation (RFC 8693 sections 4.1 and 4.4) is not available in this version, so what speaks of it is refused: a token
 * that records an actor must not become a handle that does not, and one that says who may act is of use to that
 * workload only.
 * @throws TokenRejected
 */
export function refuseDelegation(claims: ReadonlyMap<string, ClaimValue>): void {
  if (claims.has('act')) {
    throw new TokenRejected('not_supported', 'the token names an actor (act): not available');
  }
  if (!claims.has('may_act')) return;
  const mayAct = claims.get('may_act');
  if (typeof mayAct !== 'object' || mayAct === null || Array.isArray(mayAct)) {
    throw new TokenRejected('invalid_claims', "the token's may_act is not a JSON object");
  }
  for (const [name, value] of Object.entries(mayAct)) {
    if (!IDENTIFYING.has(name)) continue;
    if (value !== claims.get(name)) {
      throw new TokenRejected(
        'not_supported',
        'the token lets another act (may_act): not available',
      );
    }
  }
}

/** Other members, such as `exp`, mean nothing inside `may_act`. */
const IDENTIFYING: ReadonlySet<string> = new Set(['iss', 'sub', 'client_id']);
