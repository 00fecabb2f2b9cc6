import { type ClaimValue } from '#identity';
import { type AccessRequest } from './decision.js';
import { type Grant } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type GrantFileTest } from './grant-file.js';
import { type Resource } from './resource.js';

/** What one of a grant's own tests asks. */
export type OwnQuestion = Extract<GrantFileTest, { permit: unknown }>['permit'];

/**
 * The access request of a grant's own test, as of the last instant before the review date: an overdue grant denies,
 * but its tests still say what it is meant to do.
 */
export function ownTestRequest(
  question: OwnQuestion,
  grant: Grant,
  resource: Resource,
  { issuers }: GrantContext,
): AccessRequest {
  const named = question.issuer === undefined ? undefined : issuers.get(question.issuer);
  const issuer = named?.issuer ?? grant.subject.issuer;
  return {
    identity: {
      issuer,
      subject: question.subject,
      subjectKind: 'workload',
      claims: new Map<string, ClaimValue>([
        ...Object.entries(question.claims ?? {}),
        ['iss', issuer],
        ['sub', question.subject],
      ]),
      scopes: question.tokenScopes,
    },
    requestedScopes: question.scope?.split(' '),
    resource,
    now: new Date(grant.reviewBy.getTime() - 1),
  };
}
