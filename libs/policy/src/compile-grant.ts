import { type Grant, type SubjectMatch } from './grant.js';
import { type GrantFile, type GrantFileSubject } from './grant-file.js';

/** The grant of a file in which checkGrantFile found nothing; `issuer` is the `iss` of the file's issuer id. */
export const compileGrant = (where: string, file: GrantFile, issuer: string): Grant => ({
  id: file.id,
  version: file.version,
  purpose: file.purpose,
  owner: file.owner,
  approvedBy: file.approvedBy,
  pattern: file.pattern,
  created: file.created,
  reviewBy: file.reviewBy,
  subject: compileSubject(file.subject, issuer),
  resource: file.resource,
  scopes: file.scopes,
  defaultScopes: file.defaultScopes,
  maxTtlSeconds: file.maxTtl,
  maxCalls: file.maxCalls,
  binding: file.binding,
  maxChainDepth: file.maxChainDepth,
  file: where,
});

const compileSubject = (subject: GrantFileSubject, issuer: string): SubjectMatch => ({
  issuer,
  id: compileId(subject),
  claims: new Map(Object.entries(subject.claims ?? {})),
});

function compileId({ id, segments }: GrantFileSubject): SubjectMatch['id'] {
  if (id !== undefined) return { kind: 'exact', subject: id };
  if (segments !== undefined) return { kind: 'segments', segments };
  return { kind: 'any' };
}
