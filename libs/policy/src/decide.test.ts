import {
  type AccessDecision,
  type AccessRequest,
  decide,
  type Grant,
  posternResource,
  type SubjectMatch,
} from '#policy';
import {
  aGrant,
  aGrantSet,
  anAccessRequest,
  aResource,
  aWorkloadIdentity,
  TEST_ORIGIN,
} from '#testing';

const subject = (overrides: Partial<SubjectMatch>): SubjectMatch => ({
  ...aGrant().subject,
  ...overrides,
});
const judge = (request: Partial<AccessRequest> = {}, grant: Partial<Grant> = {}): AccessDecision =>
  decide(aGrantSet([aGrant(grant)]), anAccessRequest(request));
const asking = (identity: Parameters<typeof aWorkloadIdentity>[0]): Partial<AccessRequest> => ({
  identity: aWorkloadIdentity(identity),
});
const denied = (reason: string, detail: RegExp): unknown =>
  expect.objectContaining({
    effect: 'deny',
    reason,
    detail: expect.stringMatching(detail) as string,
  });

describe('a request that one grant matches', () => {
  it('is permitted with the scopes that it asked for, and says by what', () => {
    const grant = aGrant();
    const set = aGrantSet([grant]);
    expect(decide(set, anAccessRequest())).toEqual({
      effect: 'permit',
      grant,
      grantSetDigest: set.digest,
      scopes: ['ledger.read'],
      lifeSeconds: 300,
      maxCalls: 1000,
      binding: 'none',
      chainDepth: 0,
      call: undefined,
      task: undefined,
    });
  });

  it('X-19: gets the default scopes when it names none, never all', () => {
    const grant = { scopes: ['ledger.read', 'ledger.post'], defaultScopes: ['ledger.read'] };
    expect(judge({ requestedScopes: undefined }, grant)).toMatchObject({ scopes: ['ledger.read'] });
  });

  it('X-19: is denied when it names none and there is no default', () => {
    expect(judge({ requestedScopes: undefined }, { defaultScopes: undefined })).toEqual(
      denied('scope_not_allowed', /has no defaultScopes/),
    );
  });

  it('is denied when it names an empty list', () => {
    expect(judge({ requestedScopes: [] })).toEqual(denied('scope_not_allowed', /empty list/));
  });

  it('X-16: is denied above the ceiling, and nothing is trimmed', () => {
    expect(judge({ requestedScopes: ['ledger.read', 'ledger.post'] })).toEqual(
      denied('scope_not_allowed', /"ledger\.post" is not within grant settlement-reads-ledger/),
    );
  });

  it('X-17: is denied beyond the scopes of the subject token', () => {
    const grant = { scopes: ['ledger.read', 'ledger.post'] };
    const request = { ...asking({ scopes: ['ledger.read'] }), requestedScopes: ['ledger.post'] };
    expect(judge(request, grant)).toEqual(
      denied('scope_not_allowed', /"ledger\.post" is not within the subject token's scopes/),
    );
  });

  it('X-17: is denied any scope when the subject token carries an empty list', () => {
    expect(judge(asking({ scopes: [] }))).toEqual(denied('scope_not_allowed', /\(none\)/));
  });

  it('X-17: has its default scopes held against those of the subject token too', () => {
    const request = { ...asking({ scopes: ['other'] }), requestedScopes: undefined };
    expect(judge(request)).toEqual(denied('scope_not_allowed', /"ledger\.read" is not within/));
  });

  it('X-18: is denied when downscoping is demanded and the token carries no scopes', () => {
    expect(judge({}, { pattern: 'downscoping' })).toEqual(
      denied('scope_not_allowed', /pattern downscoping, and the subject token carries no scopes/),
    );
  });

  it('is denied when downscoping would give up nothing', () => {
    const request = asking({ scopes: ['ledger.read', 'ledger.read'] });
    expect(judge(request, { pattern: 'downscoping' })).toEqual(
      denied('pattern_mismatch', /gives up nothing/),
    );
  });

  it('is permitted when downscoping gives up a scope', () => {
    const request = asking({ scopes: ['ledger.read', 'ledger.post'] });
    expect(judge(request, { pattern: 'downscoping' })).toMatchObject({
      effect: 'permit',
      scopes: ['ledger.read'],
    });
  });

  it('is permitted up to the last instant of the review day, and denied from the next', () => {
    const { reviewBy } = aGrant();
    const expiresAt = new Date(reviewBy.getTime() + 3_600_000);
    expect(judge({ now: new Date(reviewBy.getTime() - 1), expiresAt }).effect).toBe('permit');
    expect(judge({ now: reviewBy, expiresAt })).toEqual(
      denied('grant_overdue', /overdue since 2027-01-31T00:00:00.000Z/),
    );
  });

  it('is denied under federation when the issuer is Postern itself', () => {
    const grant = { subject: subject({ issuer: TEST_ORIGIN }) };
    expect(judge(asking({ issuer: TEST_ORIGIN }), grant)).toEqual(
      denied('pattern_mismatch', /the issuer is Postern itself/),
    );
  });

  it('is denied to a person without an actor', () => {
    expect(judge(asking({ subjectKind: 'person' }))).toEqual(
      denied('pattern_mismatch', /a person never asks without an actor/),
    );
  });

  it('is denied under delegation without an actor', () => {
    expect(judge({}, { pattern: 'delegation' })).toEqual(
      denied('pattern_mismatch', /a token was presented: .* wants a delegated/),
    );
  });

  it('X-31: tells the scopes before the review', () => {
    expect(judge({ now: aGrant().reviewBy, requestedScopes: ['x'] })).toEqual(
      denied('scope_not_allowed', /./),
    );
  });

  it('for the reserved resource is judged like any other', () => {
    const resource = posternResource('dev', TEST_ORIGIN);
    const grant = { resource: 'postern', scopes: ['introspect'] };
    expect(judge({ resource, requestedScopes: ['introspect'] }, grant).effect).toBe('permit');
    expect(judge({ resource, requestedScopes: ['admin.revoke'] }, grant).effect).toBe('deny');
  });
});

describe('a request that no grant matches', () => {
  it.each<[string, Partial<AccessRequest>, RegExp]>([
    [
      'subject',
      asking({ subject: 'settler2' }),
      /closest is grant .* version 1: it is for subject "settler"$/,
    ],
    [
      'issuer',
      asking({ issuer: 'https://evil.example' }),
      /it is for issuer "https:\/\/issuer\.example"$/,
    ],
    ['resource', { resource: aResource({ id: 'archive' }) }, /it is for resource ledger$/],
  ])('is denied for another %s, and told what is closest', (_what, request, detail) => {
    expect(judge(request)).toEqual(denied('not_allowed', detail));
    expect(judge(request)).toMatchObject({ grant: { id: 'settlement-reads-ledger' } });
  });

  it('is told of no grant that has nothing to do with it', () => {
    const request = { ...asking({ subject: 'x' }), resource: aResource({ id: 'archive' }) };
    expect(judge(request)).toMatchObject({ effect: 'deny', grant: undefined });
  });

  it('is denied by an empty set', () => {
    expect(decide(aGrantSet([]), anAccessRequest())).toEqual(denied('not_allowed', /^no grant/));
  });

  it('is told the nearest of several: the other subject before the other issuer', () => {
    const grants = [
      aGrant({ id: 'far', subject: subject({ issuer: 'https://far.example' }) }),
      aGrant({ id: 'near', subject: subject({ id: { kind: 'exact', subject: 'near' } }) }),
    ];
    const decision = decide(aGrantSet(grants), anAccessRequest());
    expect(decision).toMatchObject({ effect: 'deny', grant: { id: 'near' } });
  });

  it('quotes a bounded part of what was presented, with control characters escaped', () => {
    const decision = judge(asking({ subject: `\n${'x'.repeat(2000)}` }));
    const detail = decision.effect === 'deny' ? decision.detail : '';
    expect(detail).toContain('"\\nxxx');
    expect(detail.length).toBeLessThan(600);
  });
});

it('two grants that match deny, although no set is compiled with two', () => {
  const set = aGrantSet([aGrant(), aGrant({ id: 'twin' })]);
  expect(decide(set, anAccessRequest())).toEqual(denied('not_allowed', /two grants match: .*twin/));
});
