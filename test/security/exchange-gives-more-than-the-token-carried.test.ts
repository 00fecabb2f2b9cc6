import fc from 'fast-check';
import { grantSetOf, type Pattern } from '#policy';
import { ExchangeUnderTest, type FormParameters, grantUnderTest } from '#testing';
import { exchangeAt, PROPERTY_TIMEOUT_MS, refusedExchange, runs } from './refused-exchange.js';
import { StsEndpoint } from './sts-endpoint.js';

const READ = 'ledger.read';
const POST = 'ledger.post';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** An endpoint with one grant of both scopes of `ledger` to `workload-1`. */
const endpointWith = (pattern: Pattern): Promise<StsEndpoint> =>
  StsEndpoint.start({
    grants: [grantUnderTest({ pattern, scopes: [READ, POST], defaultScopes: [READ, POST] })],
  });

/**
 * ZITADEL CVE-2026-56668, and what Keycloak does when it is not told otherwise: the new token had what its client may
 * have, and not what the subject token had. Here a handle has no scope that was not asked for, that the grant does not
 * give, or that a subject token which carries scopes does not carry. Nothing is trimmed: it is given or refused.
 */
describe('scopes that the subject token does not carry', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await endpointWith('federation');
  });
  afterAll(() => endpoint.close());

  const given = async (claims: Readonly<Record<string, unknown>>, scope?: string) => {
    const token = await endpoint.sts.mint(claims);
    const response = await exchangeAt(endpoint, { subject_token: token, scope });
    expect(response.status).toBe(200);
    return ((await response.json()) as { scope: string }).scope;
  };
  const refusal = async (claims: Readonly<Record<string, unknown>>, scope?: string) =>
    refusedExchange(endpoint, { subject_token: await endpoint.sts.mint(claims), scope });

  it.each([
    ['another', { scope: READ }, POST],
    ['one more', { scope: READ }, `${READ} ${POST}`],
    ['any, and it carries none', { scope: '' }, READ],
    ['any, and it carries those of others', { scope: 'openid profile' }, READ],
    ['one that it carries in capitals', { scope: READ.toUpperCase() }, READ],
    ['one that it carries the beginning of', { scope: 'ledger' }, READ],
    ['one that it carries the end of', { scope: `x:${READ}` }, READ],
    ['one by a wildcard', { scope: 'ledger.* *' }, READ],
    ['one that is only in a list of scp', { scp: [READ] }, POST],
    ['one that is only in a text of scp', { scp: READ }, POST],
  ])('X-17: are refused when it is asked for %s', async (_, claims, scope) => {
    expect(await refusal(claims, scope)).toMatchObject({
      error: 'invalid_scope',
      reason: 'scope_not_allowed',
    });
  });

  it('X-17, X-19: are refused when nothing is asked for: defaults widen no token', async () => {
    expect(await refusal({ scope: READ })).toMatchObject({ error: 'invalid_scope' });
    expect(await refusal({ scp: [POST] })).toMatchObject({ error: 'invalid_scope' });
  });

  it.each([
    ['lists', { scope: [READ, POST] }],
    ['numbers', { scope: 1 }],
    ['null', { scope: null }],
    ['two claims that differ', { scope: READ, scp: [READ, POST] }],
    ['lists that hold lists', { scp: [[READ, POST]] }],
  ])('X-17: are not read out of %s', async (_, claims) => {
    expect(await refusal(claims, READ)).toMatchObject({
      error: 'invalid_request',
      reason: 'invalid_claims',
    });
  });

  it('X-16: are not given for being in the token, when the grant does not give them', async () => {
    const claims = { scope: `${READ} ledger.close` };
    expect(await refusal(claims, 'ledger.close')).toMatchObject({ error: 'invalid_scope' });
    expect(await refusal(claims, `${READ} ledger.close`)).toMatchObject({ error: 'invalid_scope' });
  });

  it('X-17, X-20, X-27: what it carries is given as asked, no less and no more', async () => {
    expect(await given({ scope: `${READ} ${POST}` }, READ)).toBe(READ);
    expect(await given({ scope: READ }, READ)).toBe(READ);
    expect(await given({ scp: [POST, 'openid'] }, POST)).toBe(POST);
    expect(await given({ scope: `${READ} ${POST} x` })).toBe(`${READ} ${POST}`);
  });
});

describe('scopes of a subject token that says none, where a grant demands fewer', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await endpointWith('downscoping');
  });
  afterAll(() => endpoint.close());

  it.each([READ, POST, `${READ} ${POST}`, undefined])(
    'X-18: are not taken for all there are (asked for %p)',
    async (scope) => {
      const token = await endpoint.sts.mint();
      expect(await refusedExchange(endpoint, { subject_token: token, scope })).toMatchObject({
        error: 'invalid_scope',
        reason: 'scope_not_allowed',
      });
    },
  );

  it('X-18: are given when the token carries more of them', async () => {
    const token = await endpoint.sts.mint({ scope: `${READ} ${POST}` });
    const response = await exchangeAt(endpoint, { subject_token: token, scope: READ });
    expect(await response.json()).toMatchObject({ scope: READ });
  });
});

it(
  'X-16 to X-19: a handle has no scope beyond request, grant and token, for any three sets of them',
  async () => {
    const names = [READ, POST, 'openid', 'ledger.close'];
    const subset = fc.subarray(names, { minLength: 1 });
    const ceiling = fc.subarray([READ, POST], { minLength: 1 });
    const options = fc.record({
      pattern: fc.constantFrom<Pattern>('federation', 'downscoping'),
      scopes: ceiling,
      carried: fc.option(subset, { nil: undefined }),
      asked: fc.option(subset, { nil: undefined }),
    });
    const sts = await ExchangeUnderTest.create();
    await fc.assert(
      fc.asyncProperty(options, async ({ pattern, scopes, carried, asked }) => {
        const grants = [grantUnderTest({ pattern, scopes, defaultScopes: scopes })];
        const one = sts.twin({ grants });
        const token = await sts.mint({ scope: carried?.join(' ') });
        const outcome = await one
          .exchange({ subject_token: token, scope: asked?.join(' ') })
          .catch(() => undefined);
        const wanted = asked ?? scopes;
        const within = wanted.every(
          (scope) => scopes.includes(scope) && (carried?.includes(scope) ?? true),
        );
        if (!within || (carried === undefined && pattern === 'downscoping')) {
          expect(outcome).toBeUndefined();
        } else if (pattern === 'federation') {
          expect(new Set(outcome?.scopes)).toEqual(new Set(wanted));
        } else if (outcome !== undefined) {
          expect(new Set(outcome.scopes)).toEqual(new Set(wanted));
        }
      }),
      { numRuns: runs(300) },
    );
  },
  PROPERTY_TIMEOUT_MS,
);

/** C-07, the other half of CVE-2026-56668: a token that was issued to one client is none for whoever holds it. */
describe("one workload with another workload's subject token", () => {
  let endpoint: StsEndpoint;
  beforeEach(async () => {
    const of = (subject: string) => ({
      issuer: 'https://idp.test',
      id: { kind: 'exact' as const, subject },
      claims: new Map(),
    });
    endpoint = await StsEndpoint.start({
      grants: [
        grantUnderTest(),
        grantUnderTest({ id: 'other', subject: of('workload-2'), scopes: [READ, POST] }),
      ],
    });
  });
  afterEach(() => endpoint.close());

  const assertionOf = async (subject: string): Promise<FormParameters> => ({
    client_assertion_type: JWT_BEARER,
    client_assertion: await endpoint.sts.mint({ sub: subject }),
  });

  it.each([
    ['of another subject', {}],
    ['that names its client in azp', { azp: 'workload-1' }],
    ['that names its client in client_id', { client_id: 'workload-1' }],
    ['that names both as its audience client', { azp: 'workload-2' }],
  ])('C-07: is refused a token %s, when it says who it is', async (_, claims) => {
    const token = await endpoint.sts.mint(claims);
    const parameters = { subject_token: token, ...(await assertionOf('workload-2')) };
    expect(await refusedExchange(endpoint, parameters)).toMatchObject({ error: 'invalid_request' });
  });

  it('C-07, A-02: is refused it when may_act names a third', async () => {
    const token = await endpoint.sts.mint({ may_act: { sub: 'workload-3' } });
    const parameters = { subject_token: token, ...(await assertionOf('workload-2')) };
    expect(await refusedExchange(endpoint, parameters)).toMatchObject({ error: 'invalid_request' });
  });

  it('C-07, A-03: is refused it as an actor that neither may_act nor a grant names', async () => {
    for (const claims of [{}, { may_act: { sub: 'workload-3' } }]) {
      const parameters = {
        subject_token: await endpoint.sts.mint(claims),
        actor_token: await endpoint.sts.mint({ sub: 'workload-2' }),
        actor_token_type: JWT_TYPE,
      };
      expect((await exchangeAt(endpoint, parameters)).status).toBe(400);
    }
    expect(endpoint.sts.permits).toEqual([]);
  });

  it('C-07: gets no more of it by naming itself in the form', async () => {
    const token = await endpoint.sts.mint();
    const parameters = { subject_token: token, client_id: 'workload-2', scope: POST };
    expect(await refusedExchange(endpoint, parameters)).toMatchObject({ error: 'invalid_scope' });
  });

  it('A-09: gets what its own token gets, and the other what is its own', async () => {
    const own = { subject_token: await endpoint.sts.mint({ sub: 'workload-2' }), scope: POST };
    const answer = await exchangeAt(endpoint, { ...own, ...(await assertionOf('workload-2')) });
    expect(await answer.json()).toMatchObject({ scope: POST });
    const first = {
      subject_token: await endpoint.sts.mint(),
      ...(await assertionOf('workload-1')),
    };
    expect(await (await exchangeAt(endpoint, first)).json()).toMatchObject({ scope: READ });
  });

  it('C-04, C-07: gets nothing for what it found, where the grant wants its subject to prove itself', async () => {
    const grant = grantUnderTest({ clientAuth: 'required' });
    endpoint.sts.grants.replace(grantSetOf([grant], endpoint.sts.clock.now()));
    const found = { subject_token: await endpoint.sts.mint() };
    expect(await refusedExchange(endpoint, found)).toMatchObject({
      error: 'invalid_request',
      reason: 'client_auth_required',
    });
    const byFinder = { ...found, ...(await assertionOf('workload-2')) };
    expect(await refusedExchange(endpoint, byFinder)).toMatchObject({ error: 'invalid_request' });
    const bySubject = { ...found, ...(await assertionOf('workload-1')) };
    expect((await exchangeAt(endpoint, bySubject)).status).toBe(200);
  });

  it('A-02, A-03: gets it when both its subject and a grant let it act, and no more than that', async () => {
    const grant = grantUnderTest({ pattern: 'delegation' });
    endpoint.sts.grants.replace(grantSetOf([grant], endpoint.sts.clock.now()));
    const delegated = async (sub: string, scope = READ): Promise<FormParameters> => ({
      subject_token: await endpoint.sts.mint({ may_act: { sub }, scope: READ }),
      actor_token: await endpoint.sts.mint({ sub: 'workload-2' }),
      actor_token_type: JWT_TYPE,
      scope,
    });
    expect((await exchangeAt(endpoint, await delegated('workload-2'))).status).toBe(200);
    const other = await refusedExchange(endpoint, await delegated('workload-3'));
    expect(other).toMatchObject({ error: 'invalid_request', reason: 'actor_not_allowed' });
    const more = await refusedExchange(endpoint, await delegated('workload-2', POST));
    expect(more).toMatchObject({ error: 'invalid_scope' });
  });
});

describe('the life of a handle', () => {
  it('X-26: ends with its subject token, whatever the grant and the resource would give', async () => {
    const sts = await ExchangeUnderTest.create();
    const seconds = Math.floor(sts.clock.now().getTime() / 1_000);
    for (const left of [1, 20, 299]) {
      const token = await sts.mint({ exp: seconds + left });
      expect((await sts.exchange({ subject_token: token })).expiresInSeconds).toBe(left);
    }
  });
});
