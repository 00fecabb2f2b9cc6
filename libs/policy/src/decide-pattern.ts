import { ACTORS_MAX } from '#identity';
import { type AccessRequest, type PresentedAuthority } from './access-request.js';
import { describeGrant } from './closest-grant.js';
import { type Denial } from './decision.js';
import { type Grant } from './grant.js';
import { resourceUriOf } from './resource.js';

/** Patterns are enforced and not labels: what is presented fits the grant's, and is not deeper than it permits. */
export function patternMismatch(grant: Grant, request: AccessRequest): Denial | undefined {
  const { identity, presented, resource } = request;
  const mismatch = (why: string): Denial => ({
    reason: 'pattern_mismatch',
    detail: `${describeGrant(grant)} has pattern ${grant.pattern}: ${why}`,
  });
  if (presented.kind === 'token' && identity.subjectKind === 'person') {
    return mismatch('a person never asks without an actor');
  }
  if (presented.kind === 'delegated' && presented.actor.subjectKind === 'person') {
    return mismatch('a person acts for nobody');
  }
  if (presented.kind !== 'handle' && resource.uri === resourceUriOf(identity.issuer, resource.id)) {
    return mismatch('the issuer is Postern itself');
  }
  return chainTooDeep(grant, presented);
}

/** How deep the chain is that the handle will stand in: hops before it. */
export const chainDepthOf = (presented: PresentedAuthority): number =>
  presented.kind === 'handle' ? presented.parent.chainDepth + 1 : 0;

/** A hop is a new trust boundary: a grant says how many there may be, and none when it does not. */
function chainTooDeep(grant: Grant, presented: PresentedAuthority): Denial | undefined {
  if (presented.kind === 'token') return undefined;
  const before = presented.kind === 'handle' ? presented.parent.chainDepth : presented.chain.length;
  const depth = presented.kind === 'delegated' && before === 0 ? 0 : before + 1;
  if (depth <= grant.maxChainDepth && before < ACTORS_MAX) return undefined;
  return {
    reason: 'chain_too_deep',
    detail: `the chain has ${depth} hops, ${describeGrant(grant)} permits ${grant.maxChainDepth}`,
  };
}
