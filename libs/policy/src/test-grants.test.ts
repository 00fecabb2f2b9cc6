import {
  decide,
  type Grant,
  grantMutants,
  GrantSetInvalid,
  lintGrantSet,
  testGrants,
} from '#policy';
import {
  aGrant,
  aGrantContext,
  aGrantFile,
  aGrantSet,
  anAccessRequest,
  aResource,
  aResourceSet,
  aWorkloadIdentity,
  TEST_ISSUER,
  TEST_NOW,
} from '#testing';

const bySegments = aGrant({
  subject: {
    issuer: TEST_ISSUER,
    id: { kind: 'segments', segments: ['ns', 'pay', '*'] },
    claims: new Map(),
  },
});
const byClaims = aGrant({
  subject: { issuer: TEST_ISSUER, id: { kind: 'any' }, claims: new Map([['level', [7]]]) },
});
const request = (subject: string, claims: [string, number][] = []) =>
  anAccessRequest({ identity: aWorkloadIdentity({ subject, claims: new Map(claims) }) });

describe.each([
  ['by id', aGrant(), request('settler')],
  ['by segments', bySegments, request('ns/pay/settler')],
  ['by claims', byClaims, request('anyone', [['level', 7]])],
])('mutants of a request that a grant %s permits', (_how, grant, permitted) => {
  const set = aGrantSet([grant]);
  const mutants = grantMutants(grant, permitted, aGrantContext());

  it('start from a request that is permitted', () => {
    expect(decide(set, permitted).effect).toBe('permit');
  });

  it('change issuer, subject kind, resource, scopes and time', () => {
    const tried = mutants.map(({ what }) => what);
    expect(tried).toEqual(
      expect.arrayContaining([
        'issuer + suffix',
        'issuer + prefix',
        'the issuer other',
        'a person',
        'the resource archive',
        'the resource postern',
        'scope + ledger.post',
        'no scope',
        'a subject token without one of the scopes',
        'the instant of the review',
      ]),
    );
    expect(new Set(tried).size).toBe(tried.length);
  });

  it.each(mutants.map(({ what, request: mutant }) => [what, mutant] as const))(
    'are denied: %s',
    (_what, mutant) => {
      expect(decide(set, mutant).effect).toBe('deny');
    },
  );
});

describe('testing grant files', () => {
  it('reports how many mutants were tried and that none survives', () => {
    const report = testGrants([aGrantFile()], aGrantContext());
    expect(report).toMatchObject({ grants: 1, survivors: [] });
    expect(report.mutants).toBeGreaterThan(20);
  });

  it('refuses files that do not make a set', () => {
    expect(() => testGrants([aGrantFile({ version: 0 })], aGrantContext())).toThrow(
      GrantSetInvalid,
    );
  });
});

describe('lint', () => {
  const lint = (grant: Grant, now: Date, resources = aResourceSet()) =>
    lintGrantSet(aGrantSet([grant]), { now, resources });
  const kinds = (grant: Parameters<typeof aGrant>[0], now = TEST_NOW): string[] =>
    lint(aGrant(grant), now).map(({ kind }) => kind);
  const reviewBy = new Date('2027-01-31T00:00:00Z');
  const daysBefore = (days: number): Date => new Date(reviewBy.getTime() - days * 86_400_000);

  it('finds nothing in a grant for one subject with its review far ahead', () => {
    expect(kinds({ reviewBy }, daysBefore(31))).toEqual([]);
  });

  it.each([
    [30, 'review_due'],
    [1, 'review_due'],
    [0, 'overdue'],
    [-5, 'overdue'],
  ])('%j days before the review finds %s', (days, kind) => {
    expect(kinds({ reviewBy }, daysBefore(days))).toEqual([kind]);
  });

  it('names the last day on which the grant permits', () => {
    const [finding] = lint(aGrant({ reviewBy }), daysBefore(1));
    expect(finding).toMatchObject({
      grantId: 'settlement-reads-ledger',
      file: 'grants/settlement-reads-ledger.yaml',
      what: expect.stringContaining('2027-01-30') as string,
    });
  });

  it('finds grants that fit more than one subject', () => {
    expect(kinds(bySegments)).toEqual(['over_broad']);
    expect(kinds(byClaims)).toEqual(['over_broad']);
  });

  it('finds a delegation whose maxChainDepth takes no more than 0 does, and says which one would', () => {
    const far = { reviewBy: new Date('2030-01-01T00:00:00Z') };
    const delegation = (maxChainDepth: number) =>
      ({ ...far, pattern: 'delegation', maxChainDepth }) as const;
    expect(kinds(delegation(1))).toEqual(['no_effect']);
    for (const depth of [0, 2, 3]) expect(kinds(delegation(depth))).toEqual([]);
    expect(kinds({ ...far, pattern: 'downscoping', maxChainDepth: 1 })).toEqual([]);
    const [finding] = lint(aGrant(delegation(1)), TEST_NOW);
    expect(finding!.what).toMatch(/^maxChainDepth 1 takes no more than 0.*say 2/);
  });

  const findingsOf = (operation: string) =>
    lint(
      aGrant({ scopes: ['ledger.read'], reviewBy: new Date('2030-01-01T00:00:00Z') }),
      TEST_NOW,
      aResourceSet([
        aResource({ scopes: { 'ledger.read': [operation], 'ledger.post': ['POST /**'] } }),
      ]),
    );

  it.each([
    'POST /change-password',
    'POST /changePassword',
    'PUT /users/{id}/password',
    'POST /api/v1/account/reset_passwd',
    'GET /config/requirepass/passphrase',
    'GET /admin/credentials',
    'POST /api-keys',
    'POST /user/apiKeys',
    'DELETE /ssh_keys/{id}',
    'POST /personal_access_tokens',
    'POST /token',
    'POST /me/mfa',
    'POST /_security/user/_password',
    'PUT /users/{id}',
    'PATCH /me',
    'POST /**',
    'DELETE /accounts/**',
    'GET /**',
    'POST /{action}',
    'PUT /{collection}/{id}',
  ])('finds a scope that could reach the credential itself: %s', (operation) => {
    const [finding] = findingsOf(operation);
    expect(finding).toMatchObject({
      kind: 'credential_in_reach',
      grantId: 'settlement-reads-ledger',
    });
    expect(finding!.what).toContain(`scope ledger.read covers "${operation}"`);
  });

  it.each([
    'GET /accounts/**',
    'GET /users/{id}',
    'POST /entries',
    'PUT /entries/{id}',
    'POST /orders/{id}/lines',
    'GET /passengers/{id}',
    'POST /tokenize',
    'GET /monkeys/{id}',
    'OPTIONS /accounts/{id}',
  ])('finds nothing in a scope that covers %s alone', (operation) => {
    expect(findingsOf(operation)).toEqual([]);
  });
});
