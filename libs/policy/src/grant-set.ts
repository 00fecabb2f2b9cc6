import { canonicalJson, type CanonicalValue, type Digest, sha256 } from '#kernel';
import { type Grant, type GrantSet, type SubjectMatch } from './grant.js';

/** A grant before its digest is taken. */
export type UndigestedGrant = Omit<Grant, 'digest'>;

/** The grant with its digest. */
export const withDigest = (grant: UndigestedGrant): Grant => ({
  ...grant,
  digest: sha256(canonicalJson(plain(grant))),
});

/** Puts compiled grants together, sorted by id. What may stand together has been checked by compileGrantSet. */
export function grantSetOf(grants: readonly Grant[], loadedAt: Date): GrantSet {
  const sorted = [...grants].sort((one, other) => (one.id < other.id ? -1 : 1));
  return Object.freeze({
    grants: Object.freeze(sorted),
    digest: digestOf(sorted),
    loadedAt,
  });
}

/** The file's name is left out: where a grant lies says nothing about what it gives. */
const digestOf = (grants: readonly Grant[]): Digest => sha256(canonicalJson(grants.map(plain)));

const plain = (grant: UndigestedGrant): CanonicalValue => ({
  id: grant.id,
  environment: grant.environment,
  version: grant.version,
  purpose: grant.purpose,
  owner: grant.owner,
  approvedBy: grant.approvedBy,
  pattern: grant.pattern,
  created: grant.created.toISOString(),
  reviewBy: grant.reviewBy.toISOString(),
  subject: plainSubject(grant.subject),
  actor: grant.actor === undefined ? null : plainSubject(grant.actor),
  resource: grant.resource,
  scopes: grant.scopes,
  defaultScopes: grant.defaultScopes ?? null,
  maxTtlSeconds: grant.maxTtlSeconds,
  maxCalls: grant.maxCalls ?? null,
  binding: grant.binding,
  clientAuth: grant.clientAuth,
  maxChainDepth: grant.maxChainDepth,
  when: grant.when?.source ?? null,
});

const plainSubject = ({ issuer, id, claims }: SubjectMatch): CanonicalValue => ({
  issuer,
  id,
  claims: [...claims].sort(([one], [other]) => (one < other ? -1 : 1)),
});
