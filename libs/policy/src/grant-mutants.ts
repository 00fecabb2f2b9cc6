import { type ClaimValue, type WorkloadIdentity } from '#identity';
import { type AccessRequest } from './decision.js';
import { type Grant } from './grant.js';
import { type GrantContext } from './grant-context.js';

/** A permitted request with one thing changed: the grant must deny it. */
export interface GrantMutant {
  /** What was changed, such as `subject + suffix`. */
  readonly what: string;
  readonly request: AccessRequest;
}

/**
 * Mutants of a request that this grant permits, one change each. All must be denied by a set of this grant alone;
 * in a larger set another grant may rightly permit one.
 */
export const grantMutants = (
  grant: Grant,
  permitted: AccessRequest,
  context: GrantContext,
): readonly GrantMutant[] => [
  ...issuerMutants(permitted, context),
  ...subjectMutants(grant, permitted),
  ...claimMutants(grant, permitted),
  ...resourceMutants(permitted, context),
  ...scopeMutants(grant, permitted),
  { what: 'the instant of the review', request: { ...permitted, now: grant.reviewBy } },
  {
    what: 'a second after the review',
    request: { ...permitted, now: new Date(grant.reviewBy.getTime() + 1000) },
  },
];

const withIdentity = (
  what: string,
  request: AccessRequest,
  change: Partial<WorkloadIdentity>,
): GrantMutant => ({ what, request: { ...request, identity: { ...request.identity, ...change } } });

function issuerMutants(request: AccessRequest, { issuers }: GrantContext): GrantMutant[] {
  const { issuer } = request.identity;
  const mutant = (what: string, changed: string): GrantMutant =>
    withIdentity(what, request, { issuer: changed });
  return [
    ...neighbours(issuer).map(({ what, text }) => mutant(`issuer ${what}`, text)),
    ...[...issuers]
      .filter(([, other]) => other.issuer !== issuer)
      .map(([id, other]) => mutant(`the issuer ${id}`, other.issuer)),
  ];
}

/** A segment that is declared free (`*`) is left alone: only what the grant fixes is changed. */
function subjectMutants({ subject }: Grant, request: AccessRequest): GrantMutant[] {
  const asked = request.identity.subject;
  const mutant = (what: string, changed: string): GrantMutant =>
    withIdentity(`subject ${what}`, request, { subject: changed });
  const person = withIdentity('a person', request, { subjectKind: 'person' });
  if (subject.id.kind === 'any') return [person];
  const longer = [mutant('+ segment', `${asked}/x`), mutant('below a segment', `x/${asked}`)];
  if (subject.id.kind === 'exact') {
    return [person, ...longer, ...neighbours(asked).map(({ what, text }) => mutant(what, text))];
  }
  const fixed = [...subject.id.segments.entries()].filter(([, segment]) => segment !== '*');
  const changed = fixed.flatMap(([index, segment]) =>
    neighbours(segment).map(({ what, text }) =>
      mutant(`segment ${index} ${what}`, asked.split('/').with(index, text).join('/')),
    ),
  );
  return [person, ...longer, ...changed];
}

function claimMutants({ subject }: Grant, request: AccessRequest): GrantMutant[] {
  const { claims } = request.identity;
  const mutant = (what: string, name: string, value: ClaimValue): GrantMutant =>
    withIdentity(`claim ${name} ${what}`, request, { claims: new Map(claims).set(name, value) });
  return [...subject.claims.keys()].flatMap((name) => {
    const value = claims.get(name) ?? null;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const without = new Map(claims);
    without.delete(name);
    return [
      withIdentity(`claim ${name} missing`, request, { claims: without }),
      mutant('null', name, null),
      mutant('in a list', name, [value]),
      mutant('of another type', name, typeof value === 'string' ? { value } : text),
      ...neighbours(text).map((neighbour) => mutant(neighbour.what, name, neighbour.text)),
    ];
  });
}

const resourceMutants = (request: AccessRequest, { resources }: GrantContext): GrantMutant[] =>
  resources.all
    .filter(({ id }) => id !== request.resource.id)
    .map((resource) => ({
      what: `the resource ${resource.id}`,
      request: { ...request, resource },
    }));

function scopeMutants(grant: Grant, request: AccessRequest): GrantMutant[] {
  const asked = request.requestedScopes ?? grant.defaultScopes ?? [];
  const above = [...request.resource.scopes.keys(), 'postern-mutant'].filter(
    (scope) => !grant.scopes.includes(scope),
  );
  return [
    ...above.map((scope) => ({
      what: `scope + ${scope}`,
      request: { ...request, requestedScopes: [...asked, scope] },
    })),
    { what: 'no scope', request: { ...request, requestedScopes: [] } },
    withIdentity('a subject token without one of the scopes', request, { scopes: asked.slice(1) }),
  ];
}

/** Texts that a careless comparison takes for the same: by prefix, suffix, case, trimming or a similar name. */
function neighbours(text: string): readonly { what: string; text: string }[] {
  return [
    { what: '+ suffix', text: `${text}x` },
    { what: '+ prefix', text: `x${text}` },
    { what: 'in upper case', text: text.toUpperCase() },
    { what: 'in lower case', text: text.toLowerCase() },
    { what: '+ space', text: `${text} ` },
    { what: '+ line feed', text: `${text}\n` },
    { what: '+ NUL', text: `${text}\0` },
    { what: 'cut by one', text: text.slice(0, -1) },
  ].filter((neighbour) => neighbour.text !== text);
}
