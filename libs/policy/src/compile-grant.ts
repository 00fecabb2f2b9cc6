import { compileCondition } from './condition.js';
import { type Grant, type SubjectMatch } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type GrantFile, type GrantFileSubject } from './grant-file.js';
import { withDigest } from './grant-set.js';

/** The grant of a file in which checkGrantFile found nothing. @throws ConditionInvalid */
export const compileGrant = (
  where: string,
  file: GrantFile,
  { environment, issuers }: Pick<GrantContext, 'environment' | 'issuers'>,
): Grant =>
  withDigest({
    id: file.id,
    environment,
    version: file.version,
    purpose: file.purpose,
    owner: file.owner,
    approvedBy: file.approvedBy,
    pattern: file.pattern,
    created: file.created,
    reviewBy: file.reviewBy,
    subject: compileSubject(file.subject, issuers),
    actor: file.actor === null ? undefined : compileSubject(file.actor, issuers),
    resource: file.resource,
    scopes: file.scopes,
    defaultScopes: file.defaultScopes,
    maxTtlSeconds: file.maxTtl,
    maxCalls: file.maxCalls,
    binding: file.binding,
    clientAuth: file.clientAuth,
    maxChainDepth: file.maxChainDepth,
    when: file.when === undefined ? undefined : compileCondition(file.when),
    file: where,
  });

const compileSubject = (
  subject: GrantFileSubject,
  issuers: GrantContext['issuers'],
): SubjectMatch => ({
  // An id that is not registered matches nobody: no issuer has the empty name.
  issuer: issuers.get(subject.issuer)?.issuer ?? '',
  id: compileId(subject),
  claims: new Map(Object.entries(subject.claims ?? {})),
});

function compileId({ id, segments }: GrantFileSubject): SubjectMatch['id'] {
  if (id !== undefined) return { kind: 'exact', subject: id };
  if (segments !== undefined) return { kind: 'segments', segments };
  return { kind: 'any' };
}
