import { type ClaimValue, claimsNamed, type WorkloadIdentity } from '#identity';
import { type ScalarClaim, type SubjectMatch } from './grant.js';

/** The part of a subject match that an identity does not meet. */
export type SubjectMismatch = 'issuer' | 'subject' | 'claims';

/** What does not match; empty when all does. Exact and structural: nothing is coerced, folded or trimmed. */
export function subjectMismatches(
  match: SubjectMatch,
  identity: WorkloadIdentity,
): readonly SubjectMismatch[] {
  const mismatches: SubjectMismatch[] = [];
  if (match.issuer !== identity.issuer) mismatches.push('issuer');
  if (!matchesId(match.id, identity.subject)) mismatches.push('subject');
  if (!matchesClaims(match.claims, identity.claims)) mismatches.push('claims');
  return mismatches;
}

function matchesId(id: SubjectMatch['id'], subject: string): boolean {
  switch (id.kind) {
    case 'exact':
      return id.subject === subject;
    case 'segments':
      return matchesSegments(id.segments, subject.split('/'));
    case 'any':
      return true;
  }
}

const matchesSegments = (wanted: readonly string[], found: readonly string[]): boolean =>
  wanted.length === found.length &&
  wanted.every((segment, index) =>
    segment === '*' ? found[index] !== '' : segment === found[index],
  );

/** All that a name can mean (see claimsNamed) must agree: otherwise a second claim of the name would hide the first. */
const matchesClaims = (
  wanted: ReadonlyMap<string, readonly ScalarClaim[]>,
  carried: ReadonlyMap<string, ClaimValue>,
): boolean =>
  [...wanted].every(([name, values]) => {
    const found = claimsNamed(carried, name);
    return found.length > 0 && found.every((value) => values.some((one) => one === value));
  });

/** Whether there is an identity that both match: then two grants of one resource would both decide. */
export const subjectsOverlap = (one: SubjectMatch, other: SubjectMatch): boolean =>
  one.issuer === other.issuer &&
  idsOverlap(one.id, other.id) &&
  claimsOverlap(one.claims, other.claims);

function idsOverlap(one: SubjectMatch['id'], other: SubjectMatch['id']): boolean {
  if (one.kind === 'any' || other.kind === 'any') return true;
  if (one.kind === 'exact') return matchesId(other, one.subject);
  if (other.kind === 'exact') return matchesId(one, other.subject);
  return segmentsOverlap(one.segments, other.segments);
}

const segmentsOverlap = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length &&
  one.every((segment, index) => {
    const theirs = other[index];
    if (segment === '*') return theirs !== '';
    return theirs === '*' ? segment !== '' : segment === theirs;
  });

/** A claim has one value, so two lists without a common value exclude each other. */
const claimsOverlap = (one: SubjectMatch['claims'], other: SubjectMatch['claims']): boolean =>
  [...one].every(([name, values]) => {
    const theirs = other.get(name);
    return theirs === undefined || values.some((value) => theirs.includes(value));
  });
