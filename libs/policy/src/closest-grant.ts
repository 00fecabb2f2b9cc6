import { type AccessRequest } from './access-request.js';
import { type Grant, type GrantSet, type SubjectMatch } from './grant.js';
import { subjectMismatches } from './subject-match.js';

const QUOTED_CHARACTERS_MAX = 200;

type Mismatch = 'resource' | 'issuer' | 'subject' | 'claims';

export const describeGrant = ({ id, version }: Grant): string => `grant ${id} version ${version}`;

/** For the operator: which grant comes closest to a request that none matches, and what differs. */
export function closestGrant(
  set: GrantSet,
  request: AccessRequest,
): { reason: 'not_allowed'; detail: string; grant: Grant | undefined } {
  const [closest] = set.grants
    .map((grant) => ({ grant, mismatches: mismatchesOf(grant, request) }))
    .filter(({ mismatches }) => isNear(mismatches))
    .sort((one, other) => distance(one.mismatches) - distance(other.mismatches));
  const asked = `no grant gives ${quoted(request.identity.subject)} of ${quoted(request.identity.issuer)} the resource ${request.resource.id}`;
  if (closest === undefined) {
    return { reason: 'not_allowed', detail: asked, grant: undefined };
  }
  const { grant, mismatches } = closest;
  const differences = mismatches.map((mismatch) => difference(mismatch, grant)).join('; ');
  const detail = `${asked}; closest is ${describeGrant(grant)}: ${differences}`;
  return { reason: 'not_allowed', detail, grant };
}

const mismatchesOf = (grant: Grant, request: AccessRequest): readonly Mismatch[] => [
  ...(grant.resource === request.resource.id ? [] : (['resource'] as const)),
  ...subjectMismatches(grant.subject, request.identity),
];

/** A grant of another resource for another workload explains nothing. */
const isNear = (mismatches: readonly Mismatch[]): boolean =>
  !mismatches.includes('resource') || mismatches.length === 1;

/** Another claim is nearer than another subject, that nearer than another issuer, that nearer than another resource. */
const WEIGHT = { claims: 1, subject: 2, issuer: 4, resource: 8 } as const;

const distance = (mismatches: readonly Mismatch[]): number =>
  mismatches.reduce((sum, mismatch) => sum + WEIGHT[mismatch], 0);

function difference(mismatch: Mismatch, { resource, subject }: Grant): string {
  switch (mismatch) {
    case 'resource':
      return `it is for resource ${resource}`;
    case 'issuer':
      return `it is for issuer ${quoted(subject.issuer)}`;
    case 'subject':
      return `it is for subject ${wantedSubject(subject.id)}`;
    case 'claims':
      return `it wants other values of the claims ${[...subject.claims.keys()].join(', ')}`;
  }
}

function wantedSubject(id: SubjectMatch['id']): string {
  switch (id.kind) {
    case 'exact':
      return quoted(id.subject);
    case 'segments':
      return quoted(id.segments.join('/'));
    case 'any':
      return 'any';
  }
}

const quoted = (text: string): string => JSON.stringify(text.slice(0, QUOTED_CHARACTERS_MAX));
