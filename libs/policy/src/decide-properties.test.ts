import fc from 'fast-check';
import {
  type AccessDecision,
  type AccessRequest,
  decide,
  type Grant,
  grantMutants,
  type NamedCall,
  NO_PROOFS,
  type ParentAuthority,
  permitsCall,
  type PresentedAuthority,
  requiredBinding,
} from '#policy';
import { aGrantContext, aGrantSet, aWorkloadIdentity, grantAndRequest } from '#testing';

const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;
const TIMEOUT_MS = 120_000;
/** Of generated pairs at least this part must be permitted: else the properties say nothing. */
const PERMITTED_MIN = 0.1;

const UNKNOWN_CALL: NamedCall = { method: 'GET', path: '/none', segments: ['none'] };
const aParent: ParentAuthority = {
  ...{ resource: 'ledger', chainDepth: 0, maxCalls: 100, callsLeft: 100 },
  ...{ call: undefined, task: undefined },
};

/** A grant, a request for it, and what a set of this grant alone says. */
const asked = grantAndRequest.map((pair) => ({
  ...pair,
  decision: decide(aGrantSet([pair.grant]), pair.request),
}));

type Permitted = Extract<AccessDecision, { effect: 'permit' }>;

/** Runs the claim on what is permitted, and sees to it that enough was. */
function forPermitted(claim: (by: Grant, request: AccessRequest, permit: Permitted) => void): void {
  let permitted = 0;
  fc.assert(
    fc.property(asked, ({ grant: by, request, decision }) => {
      if (decision.effect === 'deny') return;
      permitted += 1;
      claim(by, request, decision);
    }),
    { numRuns: runs * 5 },
  );
  expect(permitted).toBeGreaterThan(runs * 5 * PERMITTED_MIN);
}

const parentOf = ({ presented }: AccessRequest) =>
  presented.kind === 'handle' ? presented.parent : undefined;
const atMost = (value: number, ...bounds: (number | undefined)[]): void => {
  expect(value).toBeGreaterThanOrEqual(1);
  for (const bound of bounds) if (bound !== undefined) expect(value).toBeLessThanOrEqual(bound);
};

describe('what is permitted, for all grants and requests, is narrow:', () => {
  it(
    'scopes, life, calls and depth are within every bound, and A-08 within the parent',
    () =>
      forPermitted((by, request, permit) => {
        const { intent, resource: of, expiresAt, now, identity } = request;
        const parent = parentOf(request);
        for (const ceiling of [by.scopes, identity.scopes, request.requestedScopes]) {
          const beyond = permit.scopes.filter((scope) => ceiling?.includes(scope) === false);
          expect(beyond).toEqual([]);
        }
        expect(permit.scopes.length).toBeGreaterThan(0);
        const leftSeconds = (expiresAt.getTime() - now.getTime()) / 1000;
        const life = [by.maxTtlSeconds, of.handle.maxTtlSeconds, leftSeconds, intent.ttlSeconds];
        atMost(permit.lifeSeconds, ...life);
        if (intent.ttlSeconds === undefined) atMost(permit.lifeSeconds, of.handle.ttlSeconds);
        const calls = [by.maxCalls, of.handle.maxCalls, intent.maxCalls, parent?.callsLeft];
        atMost(permit.maxCalls, ...calls);
        expect(permit.chainDepth).toBe(parent === undefined ? 0 : parent.chainDepth + 1);
        expect(permit.chainDepth).toBeLessThanOrEqual(by.maxChainDepth);
      }),
    TIMEOUT_MS,
  );

  it(
    'the binding is one that was proven, no weaker than required or than what is presented',
    () =>
      forPermitted((by, { proofs: proven, resource: of, presented }, { binding }) => {
        if (binding !== 'none') expect(proven[binding]).toBe(true);
        const required = requiredBinding(by.binding, of.handle.binding);
        expect(['none', 'any', binding]).toContain(required);
        if (required === 'any') expect(binding).not.toBe('none');
        if (proven.boundBy !== 'none') expect(binding).toBe(proven.boundBy);
        if (presented.kind === 'token' && !of.presentations.includes('bearer')) {
          expect(binding).toBe('dpop');
        }
      }),
    TIMEOUT_MS,
  );

  it(
    'call and task are those asked for and those of the parent, and the call is within the scopes',
    () =>
      forPermitted((_, request, permit) => {
        for (const source of [request.intent, parentOf(request)]) {
          if (source?.call !== undefined) expect(permit.call).toEqual(source.call);
          if (source?.task !== undefined) expect(permit.task).toBe(source.task);
        }
        if (permit.call === undefined) return;
        const { method, segments } = permit.call;
        expect(permitsCall(request.resource, permit.scopes, method, segments)).toBeDefined();
      }),
    TIMEOUT_MS,
  );
});

describe('one thing changed of what is permitted, for all grants and requests,', () => {
  it(
    'is denied by that grant: every mutant',
    () =>
      forPermitted((by, request) => {
        const set = aGrantSet([by]);
        const survivors = grantMutants(by, request, aGrantContext())
          .filter((mutant) => decide(set, mutant.request).effect === 'permit')
          .map(({ what }) => what);
        expect(survivors).toEqual([]);
      }),
    TIMEOUT_MS,
  );

  it(
    'is denied by that grant: changes of our own',
    () =>
      forPermitted((by, request, permit) => {
        const set = aGrantSet([by]);
        const survivors = changesOf(by, request, permit)
          .filter(([, change]) => decide(set, { ...request, ...change }).effect === 'permit')
          .map(([what]) => what);
        expect(survivors).toEqual([]);
      }),
    TIMEOUT_MS,
  );
});

type Change = readonly [what: string, change: Partial<AccessRequest>];

/** Each of these alone must turn what is permitted into what is not. */
const changesOf = (by: Grant, request: AccessRequest, permit: Permitted): readonly Change[] => [
  ...changesOfWho(by, request),
  ...changesOfPresented(request),
  ...changesOfWhat(by, request, permit),
];

function changesOfWho(by: Grant, request: AccessRequest): Change[] {
  const { identity, proofs } = request;
  const unbound = { ...NO_PROOFS, boundBy: proofs.boundBy };
  const required = requiredBinding(by.binding, request.resource.handle.binding);
  const needsKey = required !== 'none' || proofs.boundBy !== 'none';
  const needsClient = by.clientAuth === 'required';
  return [
    ['issuer', { identity: { ...identity, issuer: `${identity.issuer}/` } }],
    ['empty issuer', { identity: { ...identity, issuer: '' } }],
    ...(by.subject.id.kind === 'any'
      ? []
      : [['subject', { identity: { ...identity, subject: 'ns/settler/..' } }] as const]),
    ...(needsKey ? [['no proof', { proofs: unbound }] as const] : []),
    ...(needsClient ? [['no client', { clientAuthenticated: false }] as const] : []),
    ['the time of review', { now: by.reviewBy, expiresAt: new Date(by.reviewBy.getTime() + 9e6) }],
  ];
}

function changesOfPresented({ presented, identity, intent }: AccessRequest): Change[] {
  const actor = aWorkloadIdentity({ subject: 'agent' });
  const mayAct = { issuer: undefined, subject: 'agent', clientId: undefined };
  const others: PresentedAuthority[] = [
    { kind: 'token' },
    { kind: 'delegated', actor, mayAct, chain: [] },
    { kind: 'handle', parent: aParent },
  ];
  const changes = others
    .filter(({ kind }) => kind !== presented.kind)
    .map((other): Change => [`presented as a ${other.kind}`, { presented: other }]);
  if (presented.kind !== 'handle') return changes;
  const ofParent = (what: string, change: Partial<ParentAuthority>): Change => [
    what,
    { presented: { kind: 'handle', parent: { ...presented.parent, ...change } } },
  ];
  return [
    ...changes,
    ofParent('a parent of another resource', { resource: 'archive' }),
    ofParent('a parent without calls', { callsLeft: 0 }),
    ['a parent without scopes', { identity: { ...identity, scopes: [] } }],
    ...(intent.task === undefined ? [] : [ofParent('another task', { task: 'another' })]),
    ...(intent.call === undefined ? [] : [ofParent('another call', { call: UNKNOWN_CALL })]),
  ];
}

function changesOfWhat(by: Grant, request: AccessRequest, permit: Permitted): Change[] {
  const { identity, intent, resource, now } = request;
  const { maxTtlSeconds, maxCalls } = resource.handle;
  const ttlSeconds = Math.min(by.maxTtlSeconds, maxTtlSeconds) + 1;
  const calls = Math.min(by.maxCalls ?? maxCalls, maxCalls) + 1;
  const { call } = permit;
  return [
    ['a scope more', { requestedScopes: [...permit.scopes, 'ledger.none'] }],
    ['a scope in another case', { requestedScopes: permit.scopes.map((one) => one.toUpperCase()) }],
    ['an empty list of scopes', { requestedScopes: [] }],
    ['a token without scopes', { identity: { ...identity, scopes: [] } }],
    ['another resource', { resource: { ...resource, id: 'archive' } }],
    ['another environment', { resource: { ...resource, environment: 'prod' } }],
    ['the instant of expiry', { expiresAt: now }],
    ['less than a second left', { expiresAt: new Date(now.getTime() + 999) }],
    ['a second beyond the ceiling', { intent: { ...intent, ttlSeconds } }],
    ['a call beyond the ceiling', { intent: { ...intent, maxCalls: calls } }],
    ['no call at all', { intent: { ...intent, maxCalls: 0 } }],
    ['a call of no scope', { intent: { ...intent, call: UNKNOWN_CALL } }],
    ...(call === undefined
      ? []
      : ([
          ['another method', { intent: { ...intent, call: { ...call, method: 'DELETE' } } }],
          ['a resource without scopes', { resource: { ...resource, scopes: new Map() } }],
        ] as const)),
  ];
}
