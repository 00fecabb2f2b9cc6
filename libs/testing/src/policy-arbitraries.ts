import fc from 'fast-check';
import {
  type AccessRequest,
  compileCondition,
  type Grant,
  parseCallPath,
  type Pattern,
  type PresentedAuthority,
  type Resource,
} from '#policy';
import {
  aGrant,
  anAccessRequest,
  aResource,
  aWorkloadIdentity,
  TEST_ISSUER,
  TEST_NOW,
} from './policy-builders.js';

const SCOPES = ['ledger.read', 'ledger.post', 'ledger.audit'];
const AGENT = { issuer: TEST_ISSUER, id: { kind: 'exact', subject: 'agent' } } as const;

/** Mostly the first: what is permitted must be met often. */
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(usual, ...others) },
  );
const scopes = fc.subarray(SCOPES, { minLength: 1 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });

const resource: fc.Arbitrary<Resource> = fc
  .record({
    ttlSeconds: fc.integer({ min: 1, max: 900 }),
    more: fc.nat(900),
    maxCalls: fc.integer({ min: 1, max: 1000 }),
    binding: mostly<'none' | 'dpop' | 'mtls' | 'any'>('none', 'dpop', 'mtls', 'any'),
    presentations: mostly<('bearer' | 'dpop')[]>(['bearer'], ['dpop'], ['bearer', 'dpop']),
  })
  .map(({ more, presentations, ...handle }) =>
    aResource({
      presentations,
      handle: { ...handle, maxTtlSeconds: handle.ttlSeconds + more, concurrencyMax: 64 },
      scopes: {
        'ledger.read': ['GET /accounts/**', 'GET /entries/{id}'],
        'ledger.post': ['POST /entries'],
        'ledger.audit': ['GET /audit'],
      },
    }),
  );

const conditions = ['true', 'request.ttlSeconds <= 600', 'request.task != ""'].map(
  compileCondition,
);
const id = fc.constantFrom<Grant['subject']['id']>(
  { kind: 'exact', subject: 'ns/settler' },
  { kind: 'segments', segments: ['ns', '*'] },
  { kind: 'any' },
);
const claims = fc.constantFrom<[string, string[]][]>([], [['team', ['payments', 'treasury']]]);

const grant: fc.Arbitrary<Grant> = fc
  .record({
    pattern: fc.constantFrom<Pattern>('federation', 'delegation', 'downscoping'),
    scopes: mostly(SCOPES, ['ledger.read'], ['ledger.read', 'ledger.audit']),
    maxTtlSeconds: fc.integer({ min: 1, max: 1200 }),
    maxCalls: maybe(fc.integer({ min: 1, max: 2000 })),
    binding: mostly<'none' | 'dpop' | 'mtls' | 'any'>('none', 'dpop', 'mtls', 'any'),
    clientAuth: mostly<'self' | 'required'>('self', 'required'),
    maxChainDepth: fc.integer({ min: 0, max: 4 }),
    actor: mostly<Grant['actor']>({ ...AGENT, claims: new Map() }, undefined),
    when: maybe(fc.constantFrom(...conditions)),
    of: fc.record({ id, claims }),
  })
  .map(({ of, ...fields }) => {
    // A handle keeps no claims, and only a delegation has an actor: as a grant file must say.
    const ofHandles = fields.pattern === 'downscoping' && fields.maxChainDepth > 0;
    const wanted = new Map(ofHandles ? [] : of.claims);
    return aGrant({
      ...fields,
      actor: fields.pattern === 'delegation' ? fields.actor : undefined,
      maxChainDepth: fields.pattern === 'federation' ? 0 : fields.maxChainDepth,
      subject: { issuer: TEST_ISSUER, id: of.id, claims: wanted },
      defaultScopes: [fields.scopes[0]!],
    });
  });

const call = fc
  .constantFrom('GET /accounts/1', 'HEAD /accounts/1/x', 'POST /entries', 'GET /audit', 'GET /none')
  .map((text) => {
    const [method = '', path = ''] = text.split(' ');
    return { method, path, segments: parseCallPath(path) ?? [] };
  });
const task = fc.constantFrom('close', 'settle');
const hops = fc
  .nat(3)
  .map((count) =>
    Array.from({ length: count }, (_, n) => ({ issuer: TEST_ISSUER, subject: `hop-${n}` })),
  );

/** What a request for this grant presents: mostly of the kind that the grant takes. */
const presentedFor = ({ pattern, maxChainDepth }: Grant): fc.Arbitrary<PresentedAuthority> => {
  const token = fc.constant({ kind: 'token' } as const);
  const delegated = fc.record({
    kind: fc.constant('delegated' as const),
    actor: mostly('agent', 'other').map((subject) => aWorkloadIdentity({ subject })),
    mayAct: maybe(fc.constant({ issuer: undefined, subject: 'agent', clientId: undefined })),
    chain: fc.oneof(fc.constant([]), hops),
  });
  const parent = fc
    .record({
      resource: mostly('ledger', 'archive'),
      chainDepth: fc.nat(3),
      maxCalls: fc.integer({ min: 1, max: 1000 }),
      used: fc.nat(3),
      call: maybe(call),
      task: maybe(task),
    })
    .map(({ used, ...one }) => ({ ...one, callsLeft: Math.max(0, one.maxCalls - used) }));
  const handle = fc.record({ kind: fc.constant('handle' as const), parent });
  const taken = pattern === 'downscoping' && maxChainDepth > 0 ? handle : token;
  const usual = pattern === 'delegation' ? delegated : taken;
  return fc.oneof({ weight: 8, arbitrary: usual }, token, delegated, handle);
};

const proofs: fc.Arbitrary<AccessRequest['proofs']> = fc.oneof(
  fc.constant({ dpop: false, mtls: false, boundBy: 'none' as const }),
  fc.record({ dpop: fc.boolean(), mtls: fc.boolean(), boundBy: fc.constant('none' as const) }),
  fc.constant({ dpop: true, mtls: false, boundBy: 'dpop' as const }),
  fc.constant({ dpop: false, mtls: true, boundBy: 'mtls' as const }),
);

const requestFor = (one: Grant): fc.Arbitrary<AccessRequest> =>
  fc
    .record({
      resource,
      presented: presentedFor(one),
      proofs,
      clientAuthenticated: fc.boolean(),
      requestedScopes: fc.oneof(
        fc.constant(undefined),
        fc.subarray([...one.scopes], { minLength: 1 }),
        scopes,
      ),
      carried: fc.oneof(maybe(fc.constant(SCOPES)), maybe(scopes)),
      team: mostly('payments', 'treasury', 'ops'),
      subject: mostly('ns/settler', 'ns/clerk', 'ns'),
      task: maybe(task),
      call: fc.option(call, { nil: undefined, freq: 2 }),
      maxCalls: maybe(fc.integer({ min: 1, max: 300 })),
      ttlSeconds: maybe(fc.integer({ min: 1, max: 300 })),
      leftMs: mostly(3_600_000, 400_500, 1_000, 999, 0, -1),
    })
    .map(
      ({ carried, team, subject, leftMs, task: of, call: at, maxCalls, ttlSeconds, ...rest }) => {
        const isHandle = rest.presented.kind === 'handle';
        return anAccessRequest({
          ...rest,
          identity: aWorkloadIdentity({
            subject,
            claims: new Map(isHandle ? [] : [['team', team]]),
            scopes: isHandle ? (carried ?? SCOPES) : carried,
          }),
          intent: { task: of, call: at, maxCalls, ttlSeconds },
          expiresAt: new Date(TEST_NOW.getTime() + leftMs),
        });
      },
    );

export interface GrantAndRequest {
  readonly grant: Grant;
  readonly request: AccessRequest;
}

/**
 * Grants of every pattern, as a grant file may state them, each with a request that mostly is one for it: about a quarter
 * is permitted.
 */
export const grantAndRequest: fc.Arbitrary<GrantAndRequest> = grant.chain((one) =>
  fc.record({ grant: fc.constant(one), request: requestFor(one) }),
);
