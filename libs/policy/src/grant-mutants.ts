import { type ClaimValue, type WorkloadIdentity } from '#identity';
import { type AccessRequest, NO_PROOFS } from './access-request.js';
import { requiredBinding } from './decide-binding.js';
import { type Grant } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { callsCeiling, ttlCeilingSeconds } from './handle-limits.js';

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
  ...presentedMutants(grant, permitted),
  ...limitMutants(grant, permitted),
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
  const person = personMutants(request);
  if (subject.id.kind === 'any') return person;
  const longer = [mutant('+ segment', `${asked}/x`), mutant('below a segment', `x/${asked}`)];
  if (subject.id.kind === 'exact') {
    return [...person, ...longer, ...neighbours(asked).map(({ what, text }) => mutant(what, text))];
  }
  const fixed = [...subject.id.segments.entries()].filter(([, segment]) => segment !== '*');
  const changed = fixed.flatMap(([index, segment]) =>
    neighbours(segment).map(({ what, text }) =>
      mutant(`segment ${index} ${what}`, asked.split('/').with(index, text).join('/')),
    ),
  );
  return [...person, ...longer, ...changed];
}

/** A person asks by an actor alone, so that what an actor presents may well be of one. */
const personMutants = (request: AccessRequest): GrantMutant[] =>
  request.presented.kind === 'token'
    ? [withIdentity('a person', request, { subjectKind: 'person' })]
    : [];

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

function resourceMutants(request: AccessRequest, { resources }: GrantContext): GrantMutant[] {
  const { resource } = request;
  const others = resources.all
    .filter(({ id }) => id !== resource.id)
    .map((other) => ({
      what: `the resource ${other.id}`,
      request: { ...request, resource: other },
    }));
  const environment = `${resource.environment}-2`;
  return [
    ...others,
    {
      what: 'another environment',
      request: { ...request, resource: { ...resource, environment } },
    },
  ];
}

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

/** Presented otherwise: by another actor, by none, by one who should not be there, or one hop deeper. */
function presentedMutants(grant: Grant, request: AccessRequest): GrantMutant[] {
  const { presented, identity } = request;
  switch (presented.kind) {
    case 'token':
      return [presentedAs('an actor', request, delegatedBy({ ...identity, subject: 'mutant' }))];
    case 'delegated':
      return [
        presentedAs('no actor', request, { kind: 'token' }),
        ...actorMutants(grant, request, presented),
        presentedAs('a chain + 1', request, {
          ...presented,
          chain: Array.from({ length: Math.max(1, grant.maxChainDepth) }, (_, hop) => ({
            issuer: identity.issuer,
            subject: `hop-${hop}`,
          })),
        }),
      ];
    case 'handle': {
      const parent = { ...presented.parent, chainDepth: grant.maxChainDepth };
      return [
        presentedAs('a token', request, { kind: 'token' }),
        presentedAs('a chain + 1', request, { kind: 'handle', parent }),
        presentedAs('a handle without calls', request, {
          kind: 'handle',
          parent: { ...parent, chainDepth: 0, callsLeft: 0 },
        }),
      ];
    }
  }
}

type Presented = AccessRequest['presented'];

const presentedAs = (what: string, request: AccessRequest, presented: Presented): GrantMutant => ({
  what,
  request: { ...request, presented },
});

const delegatedBy = (actor: WorkloadIdentity): Presented => ({
  kind: 'delegated',
  actor,
  mayAct: undefined,
  chain: [],
});

function actorMutants(
  { actor: wanted }: Grant,
  request: AccessRequest,
  presented: Extract<Presented, { kind: 'delegated' }>,
): GrantMutant[] {
  const { actor } = presented;
  const person = { ...actor, subjectKind: 'person' as const };
  const by = (what: string, changed: WorkloadIdentity): GrantMutant =>
    presentedAs(what, request, { ...presented, actor: changed });
  if (wanted === undefined) {
    return [
      by('a person as actor', person),
      presentedAs('no may_act', request, { ...presented, mayAct: undefined }),
    ];
  }
  const neighboursOf = wanted.id.kind === 'exact' ? neighbours(actor.subject) : [];
  return [
    by('a person as actor', person),
    by('an actor of another issuer', { ...actor, issuer: `${actor.issuer}x` }),
    ...neighboursOf.map(({ what, text }) => by(`actor ${what}`, { ...actor, subject: text })),
  ];
}

/** One more than the ceiling, no life left, and without the key that a handle would be bound to. */
function limitMutants(grant: Grant, request: AccessRequest): GrantMutant[] {
  const { intent, resource, now, proofs } = request;
  const ttlSeconds = ttlCeilingSeconds({ grant, resource }) + 1;
  const maxCalls = callsCeiling({ grant, resource }) + 1;
  const other = proofs.dpop ? ('mtls' as const) : ('dpop' as const);
  const required = requiredBinding(grant.binding, resource.handle.binding);
  const bound = required !== 'none' || proofs.boundBy !== 'none';
  const unproven = { ...NO_PROOFS, boundBy: proofs.boundBy };
  return [
    { what: 'ttl + 1', request: { ...request, intent: { ...intent, ttlSeconds } } },
    { what: 'calls + 1', request: { ...request, intent: { ...intent, maxCalls } } },
    { what: 'the instant of expiry', request: { ...request, expiresAt: now } },
    { what: 'a token bound to a key that is not proven', request: withBound(request, other) },
    ...(bound ? [{ what: 'no key', request: { ...request, proofs: unproven } }] : []),
  ];
}

const withBound = (request: AccessRequest, boundBy: 'dpop' | 'mtls'): AccessRequest => ({
  ...request,
  proofs: { dpop: boundBy === 'mtls', mtls: false, boundBy },
});

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
