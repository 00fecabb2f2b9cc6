import { type Digest, sha256 } from '#kernel';
import { canonicalJson, type CanonicalValue } from './canonical-json.js';
import { type Grant, type GrantSet, type SubjectMatch } from './grant.js';

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

const plain = (grant: Grant): CanonicalValue => ({
  id: grant.id,
  version: grant.version,
  purpose: grant.purpose,
  owner: grant.owner,
  approvedBy: grant.approvedBy,
  pattern: grant.pattern,
  created: grant.created.toISOString(),
  reviewBy: grant.reviewBy.toISOString(),
  subject: plainSubject(grant.subject),
  resource: grant.resource,
  scopes: grant.scopes,
  defaultScopes: grant.defaultScopes ?? null,
  maxTtlSeconds: grant.maxTtlSeconds,
  maxCalls: grant.maxCalls ?? null,
  binding: grant.binding,
  maxChainDepth: grant.maxChainDepth,
});

const plainSubject = ({ issuer, id, claims }: SubjectMatch): CanonicalValue => ({
  issuer,
  id,
  claims: [...claims].sort(([one], [other]) => (one < other ? -1 : 1)),
});
