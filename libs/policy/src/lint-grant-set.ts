import { credentialRisk } from './credential-operations.js';
import { type Grant, type GrantSet, type SubjectMatch } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type Resource } from './resource.js';

/** Something about a grant that a person should look at. It does not keep the set from loading. */
export interface GrantFinding {
  readonly kind: 'overdue' | 'review_due' | 'over_broad' | 'no_effect' | 'credential_in_reach';
  readonly grantId: string;
  readonly file: string;
  readonly what: string;
}

const DAY_MS = 86_400_000;
const REVIEW_DUE_DAYS = 30;

/**
 * Overdue grants, grants whose review is due within 30 days, grants that fit more than one subject, grants that say what has
 * no effect, and grants with a scope that looks as if it could change or tell the credential itself.
 */
export const lintGrantSet = (
  set: GrantSet,
  { now, resources }: Pick<GrantContext, 'now' | 'resources'>,
): readonly GrantFinding[] =>
  set.grants.flatMap((grant) => [
    ...reviewFindings(grant, now),
    ...breadthFindings(grant),
    ...chainFindings(grant),
    ...credentialFindings(grant, resources.find(grant.resource)),
  ]);

function reviewFindings(grant: Grant, now: Date): GrantFinding[] {
  const finding = (kind: GrantFinding['kind'], what: string): GrantFinding[] => [
    { kind, grantId: grant.id, file: grant.file, what },
  ];
  const leftMs = grant.reviewBy.getTime() - now.getTime();
  const day = new Date(grant.reviewBy.getTime() - 1).toISOString().slice(0, 10);
  if (leftMs <= 0)
    return finding('overdue', `its reviewBy day was ${day}: every request is denied`);
  if (leftMs > REVIEW_DUE_DAYS * DAY_MS) return [];
  return finding('review_due', `is due for review: from the day after ${day} it denies`);
}

function breadthFindings({ id, file, subject }: Grant): GrantFinding[] {
  const breadth = breadthOf(subject);
  if (breadth === undefined) return [];
  return [
    { kind: 'over_broad', grantId: id, file, what: `fits more than one subject: ${breadth}` },
  ];
}

/** The new actor follows one that the subject token records: that chain has two hops at once, and never one. */
function chainFindings({ id, file, pattern, maxChainDepth }: Grant): GrantFinding[] {
  if (pattern !== 'delegation' || maxChainDepth !== 1) return [];
  const what =
    'maxChainDepth 1 takes no more than 0 in a delegation: ' +
    'say 2 for subject tokens that record one actor already, or 0';
  return [{ kind: 'no_effect', grantId: id, file, what }];
}

function credentialFindings(
  { id, file, scopes }: Grant,
  resource: Resource | undefined,
): GrantFinding[] {
  return scopes.flatMap((scope) =>
    (resource?.scopes.get(scope) ?? []).flatMap((operation) => {
      const why = credentialRisk(operation);
      if (why === undefined) return [];
      const what = `scope ${scope} covers "${operation.method} ${operation.template}": ${why}; forbid it, or name what is needed`;
      return [{ kind: 'credential_in_reach' as const, grantId: id, file, what }];
    }),
  );
}

function breadthOf({ id, claims }: SubjectMatch): string | undefined {
  switch (id.kind) {
    case 'exact':
      return undefined;
    case 'segments':
      return id.segments.includes('*') ? `segments ${JSON.stringify(id.segments)}` : undefined;
    case 'any':
      return `any that carries the claims ${[...claims.keys()].join(', ')}`;
  }
}
