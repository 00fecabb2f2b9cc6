import { secondsAfter } from '#kernel';
import { wasGivenTo } from '#handles';
import { subjectIdOf } from '#identity';
import { type Grant, grantSetOf } from '#policy';
import {
  ExchangeUnderTest,
  type FormParameters,
  grantUnderTest,
  resourceUnderTest,
} from '#testing';
import { type OAuthError } from './oauth-error.js';

const URI = 'https://postern.test/proxy/ledger';

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;

const withGrants = (...grants: Grant[]): void =>
  sts.grants.replace(grantSetOf(grants, sts.clock.now()));

describe('a permitted exchange', () => {
  it('gives a handle for what was asked', async () => {
    const issued = await sts.exchange();
    expect(issued).toEqual({
      handle: expect.stringMatching(/^pst_test_[0-9A-Za-z]{49}$/) as string,
      handleId: expect.stringMatching(/^hdl_/) as string,
      scopes: ['ledger.read'],
      expiresInSeconds: 300,
      tokenType: 'Bearer',
      details: undefined,
    });
  });

  it('stores the handle by digest, with all that it rests on', async () => {
    const { handleId } = await sts.exchange();
    const subject = { issuer: 'https://idp.test', subject: 'workload-1' };
    expect(await sts.handles.findById(handleId)).toMatchObject({
      subject: { ...subject, id: subjectIdOf(subject) },
      subjectTokenKeyId: sts.issuer.keyId,
      grant: {
        id: 'workload-reads-ledger',
        version: 1,
        digest: sts.grantOf('workload-reads-ledger').digest,
        setDigest: sts.grants.current().digest,
      },
      pattern: 'federation',
      resource: 'ledger',
      environment: 'test',
      scopes: ['ledger.read'],
      binding: { kind: 'none' },
      issuedAt: sts.clock.now(),
      expiresAt: secondsAfter(sts.clock.now(), 300),
      maxCalls: 1000,
      callsUsed: 0,
      status: 'active',
      correlationId: 'req_test',
      firstUseTold: false,
    });
  });

  it('keeps of the address of whoever gets it what the handle alone can tell', async () => {
    const { handle, handleId } = await sts.exchange({}, {}, { peerAddress: '192.0.2.44' });
    const stored = (await sts.handles.findById(handleId))!;
    expect(wasGivenTo(stored, handle, '192.0.2.44')).toBe(true);
    expect(wasGivenTo(stored, handle, '192.0.2.45')).toBe(false);
    expect(JSON.stringify(stored)).not.toContain('192.0.2.44');
  });

  it('X-19: gives the default scopes of the grant when none is asked for', async () => {
    expect((await sts.exchange({ scope: undefined })).scopes).toEqual(['ledger.read']);
    expect((await sts.exchange({ scope: '' })).scopes).toEqual(['ledger.read']);
  });

  it('takes the resource by its URI as well, and X-14 by both when they are one', async () => {
    await sts.exchange({ audience: undefined, resource: URI });
    await sts.exchange({ resource: URI });
    expect(sts.permits.map(({ granted_resource }) => granted_resource)).toEqual([
      'ledger',
      'ledger',
    ]);
  });

  it('records one event of the exchange and one of the handle', async () => {
    const { handleId } = await sts.exchange();
    expect(sts.journal.events.map(({ type }) => type)).toEqual([
      'dev.postern.exchange.permitted.v1',
      'dev.postern.handle.issued.v1',
    ]);
    expect(sts.permits[0]).toMatchObject({
      actor: {
        subject: 'workload-1',
        subject_issuer: 'https://idp.test',
        subject_kind: 'workload',
        client: { ip: '192.0.2.1', user_agent: 'a-workload/1.0' },
      },
      audience: 'ledger',
      scope: 'ledger.read',
      granted_scope: 'ledger.read',
      handle_id: handleId,
      grant_id: 'workload-reads-ledger',
      grant_version: 1,
      grant_set_digest: sts.grants.current().digest,
      subject_token_kid: sts.issuer.keyId,
      env: 'test',
      binding: 'none',
    });
  });

  it('T-05: is not changed by parameters that are unknown', async () => {
    const unknown = { foo: 'bar', requested_subject: 'admin', subject_issuer: 'other' };
    await sts.exchange();
    await sts.exchange(unknown);
    const [plain, other] = [...sts.records.handles.values()];
    const { id, digest, familyId, addressMark } = plain!;
    expect({ ...other, id, digest, familyId, addressMark }).toEqual(plain);
  });
});

describe('the life of a handle', () => {
  it.each([
    ['the resource', {}, { ttlSeconds: 60 }, 60],
    ['the grant', { maxTtlSeconds: 45 }, {}, 45],
  ] as const)('X-26: is at most that of %s', async (_, grant, resource, seconds) => {
    sts = await ExchangeUnderTest.create({
      grants: [grantUnderTest(grant)],
      resources: [resourceUnderTest('ledger', resource)],
    });
    expect((await sts.exchange()).expiresInSeconds).toBe(seconds);
  });

  it('X-26: never outlives the subject token', async () => {
    const exp = Math.floor(sts.clock.now().getTime() / 1000) + 20;
    const subjectToken = await sts.mint({ exp });
    expect((await sts.exchange({ subject_token: subjectToken })).expiresInSeconds).toBe(20);
  });

  it('X-26: is whole seconds: of a part of a second nothing is given', async () => {
    const exp = Math.floor(sts.clock.now().getTime() / 1000) + 20;
    const subjectToken = await sts.mint({ exp });
    sts.clock.advance(0.5);
    expect((await sts.exchange({ subject_token: subjectToken })).expiresInSeconds).toBe(19);
  });

  it.each([0, 0.999, 10])(
    'X-26: refuses a token that the clock skew alone keeps alive (%d s past)',
    async (past) => {
      const subjectToken = await sts.mint();
      sts.clock.advance(300 + past);
      await expect(sts.exchange({ subject_token: subjectToken })).rejects.toThrow(
        refusal({ code: 'invalid_request', reason: 'no_lifetime_left' }),
      );
    },
  );

  it('may be called as often as the grant says, and never more often than the resource says', async () => {
    withGrants(grantUnderTest({ maxCalls: 3 }));
    await sts.exchange();
    withGrants(grantUnderTest({ maxCalls: 1_000_000 }));
    await sts.exchange();
    expect(sts.permits.map(({ max_calls }) => max_calls)).toEqual([3, 1000]);
  });
});

describe('a refused target', () => {
  it.each([
    ['X-08 two audiences', { audience: ['ledger', 'archive'] }],
    ['X-09 one audience twice', { audience: ['ledger', 'ledger'] }],
    ['X-10 an unknown audience', { audience: 'nothing' }],
    ['X-10 an audience of another case', { audience: 'Ledger' }],
    ['X-10 a known audience without a grant', { audience: 'archive' }],
    ['X-11 no audience and no resource', { audience: undefined }],
    ['X-12 a relative resource', { audience: undefined, resource: '/proxy/ledger' }],
    ['X-13 two resources', { audience: undefined, resource: [URI, URI] }],
    [
      'X-14 audience and resource of two targets',
      { resource: 'https://postern.test/proxy/archive' },
    ],
    [
      'X-15 a resource without a grant',
      { audience: undefined, resource: 'https://postern.test/proxy/archive' },
    ],
    ['a resource with a slash more', { audience: undefined, resource: `${URI}/` }],
    ['the reserved resource without a grant', { audience: 'postern', scope: 'admin.read' }],
  ] as [string, FormParameters][])('is invalid_target: %s', async (_, parameters) => {
    await expect(sts.exchange(parameters)).rejects.toThrow(refusal({ code: 'invalid_target' }));
    expect(sts.denials).toHaveLength(1);
    expect(sts.records.handles.size).toBe(0);
  });

  it('X-10: tells the caller the same whether it is unknown or not granted', async () => {
    const refused = (audience: string) =>
      sts.exchange({ audience }).catch((error: unknown) => error as OAuthError);
    const answers = [await refused('nothing'), await refused('archive')];
    const told = answers.map((answer) => 'description' in answer && answer.description);
    expect(new Set(told).size).toBe(1);
    expect(sts.denials.map(({ reason }) => reason)).toEqual(['unknown_resource', 'not_allowed']);
  });

  it('X-31: is invalid_target when the grant is overdue', async () => {
    withGrants(grantUnderTest({ reviewBy: sts.clock.now() }));
    await expect(sts.exchange()).rejects.toThrow(
      refusal({ code: 'invalid_target', reason: 'grant_overdue' }),
    );
  });
});

describe('a refused scope', () => {
  it.each([
    ['X-16 beyond the grant', { scope: 'ledger.post' }],
    ['X-16 within and beyond the grant', { scope: 'ledger.read ledger.post' }],
    ['X-16 of another case', { scope: 'Ledger.read' }],
    ['T-14 malformed', { scope: 'ledger.read  ledger.read' }],
  ])('is invalid_scope: %s', async (_, parameters) => {
    await expect(sts.exchange(parameters)).rejects.toThrow(
      refusal({ code: 'invalid_scope', reason: 'scope_not_allowed' }),
    );
  });

  it('X-17: is invalid_scope when the subject token carries scopes, and not these', async () => {
    withGrants(grantUnderTest({ scopes: ['ledger.read', 'ledger.post'] }));
    const subjectToken = await sts.mint({ scope: 'ledger.read' });
    const request = { subject_token: subjectToken, scope: 'ledger.read ledger.post' };
    await expect(sts.exchange(request)).rejects.toThrow(refusal({ code: 'invalid_scope' }));
  });

  it('X-18: is invalid_scope when downscoping is asked of a token whose scopes are unknown', async () => {
    withGrants(grantUnderTest({ pattern: 'downscoping' }));
    await expect(sts.exchange()).rejects.toThrow(refusal({ code: 'invalid_scope' }));
  });

  it('X-19: is invalid_scope when none is asked for and the grant has no default', async () => {
    withGrants(grantUnderTest({ defaultScopes: undefined }));
    await expect(sts.exchange({ scope: undefined })).rejects.toThrow(
      refusal({ code: 'invalid_scope' }),
    );
  });
});

describe('a binding whose key is not proven', () => {
  it.each([
    ['D-16: the grant', 'dpop', 'none', 'invalid_dpop_proof'],
    ['the resource', 'none', 'mtls', 'invalid_request'],
  ] as const)('is refused when %s asks for it', async (_, ofGrant, ofResource, code) => {
    const ledger = resourceUnderTest('ledger');
    sts = await ExchangeUnderTest.create({
      grants: [grantUnderTest({ binding: ofGrant })],
      resources: [{ ...ledger, handle: { ...ledger.handle, binding: ofResource } }],
    });
    await expect(sts.exchange()).rejects.toThrow(refusal({ code, reason: 'binding_required' }));
    expect(sts.records.handles.size).toBe(0);
  });
});
