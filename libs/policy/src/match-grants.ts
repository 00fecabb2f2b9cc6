import { type AccessRequest, type PresentedAuthority } from './access-request.js';
import { describeGrant } from './closest-grant.js';
import { type Denial } from './decision.js';
import { type Grant } from './grant.js';
import { subjectMismatches, subjectsOverlap } from './subject-match.js';

/** What a grant asks to be presented. Each grant takes one kind, so that one request fits one grant. */
type Presented = PresentedAuthority['kind'];

const presentedFor = ({ pattern, maxChainDepth }: Grant): Presented => {
  if (pattern === 'delegation') return 'delegated';
  return pattern === 'downscoping' && maxChainDepth > 0 ? 'handle' : 'token';
};

/** Whether the grant is for this subject and this resource, whatever is presented. */
export const isFor = (grant: Grant, { resource, identity }: AccessRequest): boolean =>
  grant.resource === resource.id &&
  grant.environment === resource.environment &&
  subjectMismatches(grant.subject, identity).length === 0;

/** Whether the grant's pattern takes what is presented, and by whom. */
export function takes(grant: Grant, { presented }: AccessRequest): boolean {
  if (presentedFor(grant) !== presented.kind) return false;
  return presented.kind !== 'delegated' || permitsActor(grant, presented);
}

type Delegated = Extract<PresentedAuthority, { kind: 'delegated' }>;

/** The grant names the actor, or else the subject's own token does (A-03 in docs/conformance.md): that it does is checked before. */
const permitsActor = ({ actor }: Grant, delegated: Delegated): boolean =>
  actor === undefined
    ? delegated.mayAct !== undefined
    : subjectMismatches(actor, delegated.actor).length === 0;

/** Why none of the grants for this subject and resource takes what is presented. */
export function notTaken(grants: readonly Grant[], { presented }: AccessRequest): Denial {
  const names = grants.map(describeGrant).join(', ');
  const ofKind = grants.filter((grant) => presentedFor(grant) === presented.kind);
  if (ofKind.length > 0 && presented.kind === 'delegated') {
    const { issuer, subject } = presented.actor;
    const actor = JSON.stringify(`${issuer} ${subject}`.slice(0, 300));
    return {
      reason: 'actor_not_allowed',
      detail: `the actor ${actor} is not one that ${names} or may_act names`,
    };
  }
  const wanted = grants.map((grant) => `${describeGrant(grant)} wants a ${presentedFor(grant)}`);
  return {
    reason: 'pattern_mismatch',
    detail: `a ${presented.kind} was presented: ${wanted.join(', ')}`,
  };
}

/** Whether one request can fit both: then they must not stand in one set. */
export const grantsOverlap = (one: Grant, other: Grant): boolean =>
  one.resource === other.resource &&
  presentedFor(one) === presentedFor(other) &&
  subjectsOverlap(one.subject, other.subject) &&
  (one.actor === undefined || other.actor === undefined || subjectsOverlap(one.actor, other.actor));
