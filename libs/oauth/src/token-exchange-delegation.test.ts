import { type Grant, type SubjectMatch } from '#policy';
import { ExchangeUnderTest, type FormParameters, grantUnderTest, TestIssuer } from '#testing';
import { type OAuthError } from './oauth-error.js';

const AGENTS = 'https://agents.test';
const IDP = 'https://idp.test';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let first: ExchangeUnderTest;
let agents: TestIssuer;
let sts: ExchangeUnderTest;

const named = (issuer: string, subject: string): SubjectMatch => ({
  issuer,
  id: { kind: 'exact', subject },
  claims: new Map(),
});

/** `agent-1` of the agents' issuer may act for `workload-1`. */
const delegation = (overrides: Partial<Grant> = {}): Grant =>
  grantUnderTest({
    id: 'agent-acts',
    pattern: 'delegation',
    actor: named(AGENTS, 'agent-1'),
    ...overrides,
  });

/** Whom the subject token names in `may_act` may act for `workload-1`. */
const byMayAct = (): Grant => delegation({ actor: undefined });

function withGrants(...grants: Grant[]): void {
  sts = first.twin({ grants, otherIssuers: [agents] });
}

beforeEach(async () => {
  first = await ExchangeUnderTest.create();
  agents = await TestIssuer.create({ issuer: AGENTS, clock: first.clock });
  withGrants(delegation());
});

type Claims = Readonly<Record<string, unknown>>;

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const actorRefused = refusal({ code: 'invalid_request', reason: 'actor_not_allowed' });

/** What adds an actor to a request: a token of `agent-1`. */
const actor = async (claims: Claims = {}, by = agents): Promise<FormParameters> => ({
  actor_token: await by.mint({ sub: 'agent-1', ...claims }),
  actor_token_type: JWT,
});
/** R0 with a subject token of these claims, and with `agent-1`. */
const acting = async (subject: Claims = {}, actorClaims: Claims = {}, by = agents) =>
  sts.exchange({ subject_token: await sts.mint(subject), ...(await actor(actorClaims, by)) });
const asserted = async (subject: string, by = agents): Promise<FormParameters> => ({
  client_assertion_type: JWT_BEARER,
  client_assertion: await by.mint({ sub: subject }),
});

async function expectNothingIssued(attempt: Promise<unknown>, expected: Error): Promise<void> {
  const before = sts.records.handles.size;
  await expect(attempt).rejects.toThrow(expected);
  expect(sts.records.handles.size).toBe(before);
  expect(sts.permits).toEqual([]);
}

describe('a delegation that the grant names the actor of', () => {
  it('is permitted to that actor', async () => {
    expect(await acting()).toMatchObject({ scopes: ['ledger.read'], tokenType: 'Bearer' });
  });

  it('X-30: is refused without an actor token', () =>
    expectNothingIssued(
      sts.exchange(),
      refusal({ code: 'invalid_request', reason: 'pattern_mismatch' }),
    ));

  it.each([
    ['a suffix', { sub: 'agent-12' }],
    ['another case', { sub: 'Agent-1' }],
    ['a space', { sub: 'agent-1 ' }],
    ['the name cut by one', { sub: 'agent-' }],
    ['the subject in its place', { sub: 'workload-1' }],
  ])('X-30: is refused to another actor: %s', (_, claims) =>
    expectNothingIssued(acting({}, claims), actorRefused),
  );

  it('A-09: is refused to the same name of another issuer', () =>
    expectNothingIssued(acting({}, {}, first.issuer), actorRefused));

  it('A-09: is refused for the same subject of another issuer', async () => {
    const token = await agents.mint({ sub: 'workload-1' });
    const attempt = sts.exchange({ subject_token: token, ...(await actor()) });
    await expectNothingIssued(attempt, refusal({ code: 'invalid_target', reason: 'not_allowed' }));
  });

  it('X-31: is refused for a resource that the grant is not for', async () => {
    const attempt = sts.exchange({ audience: 'archive', ...(await actor()) });
    await expectNothingIssued(attempt, refusal({ code: 'invalid_target', reason: 'not_allowed' }));
  });

  it('wants the claims of the actor that the grant wants', async () => {
    const claims = new Map([['team', ['payments']]]);
    withGrants(delegation({ actor: { ...named(AGENTS, 'agent-1'), claims } }));
    await expectNothingIssued(acting(), actorRefused);
    await expectNothingIssued(acting({}, { team: ['payments'] }), actorRefused);
    await expect(acting({}, { team: 'payments' })).resolves.toBeDefined();
  });

  it('A-02: is refused when may_act names another, whatever the grant says', async () => {
    await expectNothingIssued(acting({ may_act: { iss: AGENTS, sub: 'agent-2' } }), actorRefused);
    await expect(acting({ may_act: { iss: AGENTS, sub: 'agent-1' } })).resolves.toBeDefined();
  });

  it('A-02: is refused to the actor of may_act when the grant names another', () =>
    expectNothingIssued(
      acting({ may_act: { iss: AGENTS, sub: 'agent-2' } }, { sub: 'agent-2' }),
      actorRefused,
    ));
});

describe('a delegation that may_act names the actor of', () => {
  beforeEach(() => withGrants(byMayAct()));

  it('A-03: is refused when there is no may_act', () =>
    expectNothingIssued(acting(), actorRefused));

  it.each<[string, Claims, Claims]>([
    ['issuer and subject', { iss: AGENTS, sub: 'agent-1' }, {}],
    ['issuer and client_id', { iss: AGENTS, client_id: 'c-1' }, { client_id: 'c-1' }],
    ['all three', { iss: AGENTS, sub: 'agent-1', client_id: 'c-1' }, { client_id: 'c-1' }],
    ['what means nothing there', { iss: AGENTS, sub: 'agent-1', exp: 1, nbf: 9e9, aud: 'x' }, {}],
  ])('A-02: is permitted when every member is met: %s', async (_, mayAct, claims) => {
    await expect(acting({ may_act: mayAct }, claims)).resolves.toBeDefined();
  });

  it.each<[string, Claims, Claims]>([
    ['another subject', { iss: AGENTS, sub: 'agent-2' }, {}],
    ['another case', { iss: AGENTS, sub: 'Agent-1' }, {}],
    ['another issuer', { iss: IDP, sub: 'agent-1' }, {}],
    ['an issuer with a slash more', { iss: `${AGENTS}/`, sub: 'agent-1' }, {}],
    ['no issuer: then it is of the own', { sub: 'agent-1' }, {}],
    ['a client_id that the actor has not', { iss: AGENTS, sub: 'agent-1', client_id: 'c-1' }, {}],
    ['another client_id', { iss: AGENTS, client_id: 'c-1' }, { client_id: 'c-2' }],
    ['a client_id that is its subject', { iss: AGENTS, client_id: 'agent-1' }, {}],
    ['azp for client_id', { iss: AGENTS, client_id: 'c-1' }, { azp: 'c-1' }],
    ['client_id right, subject not', { iss: AGENTS, sub: 'x', client_id: 'c' }, { client_id: 'c' }],
  ])('A-02: is refused when one member is not: %s', (_, mayAct, claims) =>
    expectNothingIssued(acting({ may_act: mayAct }, claims), actorRefused),
  );

  it('A-02: takes an actor without iss for one of the issuer of the token', async () => {
    const may_act = { sub: 'agent-1' };
    await expect(acting({ may_act }, {}, first.issuer)).resolves.toBeDefined();
  });

  it.each([
    'agent-1',
    ['agent-1'],
    null,
    true,
    1,
    {},
    { iss: AGENTS },
    { iss: AGENTS, sub: 1 },
    { iss: AGENTS, sub: ['agent-1'] },
    { iss: AGENTS, sub: '' },
    { iss: AGENTS, sub: null },
    { iss: [AGENTS], sub: 'agent-1' },
    { iss: AGENTS, sub: 'agent-1', client_id: 1 },
  ])('A-02: is refused when may_act is malformed: %j', (may_act) =>
    expectNothingIssued(
      acting({ may_act }),
      refusal({ code: 'invalid_request', reason: 'invalid_claims' }),
    ),
  );

  it('A-02: leaves nothing to the subject itself when its token lets another act', async () => {
    withGrants(byMayAct(), grantUnderTest());
    const subject_token = await sts.mint({ may_act: { iss: AGENTS, sub: 'agent-1' } });
    await expectNothingIssued(sts.exchange({ subject_token }), actorRefused);
  });
});

describe('an actor that is the subject', () => {
  beforeEach(() => withGrants(delegation({ actor: named(IDP, 'workload-1') }), grantUnderTest()));

  it('A-05: is refused, also when grant and may_act name it', async () => {
    const itself = { sub: 'workload-1' };
    await expectNothingIssued(acting({}, itself, first.issuer), actorRefused);
    await expectNothingIssued(acting({ may_act: itself }, itself, first.issuer), actorRefused);
  });

  it('A-05: is refused with one token as both', async () => {
    const subject_token = await sts.mint();
    const both = { subject_token, actor_token: subject_token, actor_token_type: JWT };
    await expectNothingIssued(sts.exchange(both), actorRefused);
  });

  it('A-09: is another one when its issuer is another', async () => {
    withGrants(delegation({ actor: named(AGENTS, 'workload-1') }));
    await expect(acting({}, { sub: 'workload-1' })).resolves.toBeDefined();
  });
});

describe('a caller that proves itself by a client assertion', () => {
  it('C-07: does not get what the grant gives the subject', async () => {
    withGrants(grantUnderTest());
    await expectNothingIssued(
      sts.exchange(await asserted('agent-1')),
      refusal({ code: 'invalid_request', reason: 'pattern_mismatch' }),
    );
  });

  it('C-07: acts for the subject when a grant names it', async () => {
    const { handleId } = await sts.exchange(await asserted('agent-1'));
    const handle = await sts.handles.findById(handleId);
    expect(handle!.actors).toEqual([{ issuer: AGENTS, subject: 'agent-1' }]);
    await expect(sts.exchange(await asserted('agent-2'))).rejects.toThrow(actorRefused);
  });

  it('C-07: acts for the subject when may_act names it', async () => {
    withGrants(byMayAct());
    const attempt = async (by: string) =>
      sts.exchange({
        subject_token: await sts.mint({ may_act: { iss: AGENTS, sub: 'agent-1' } }),
        ...(await asserted(by)),
      });
    await expectNothingIssued(attempt('agent-2'), actorRefused);
    await expect(attempt('agent-1')).resolves.toBeDefined();
  });

  it('C-07: is not another one than the actor token names', async () => {
    const attempt = sts.exchange({ ...(await asserted('agent-2')), ...(await actor()) });
    await expectNothingIssued(attempt, refusal({ code: 'invalid_request', reason: 'not_allowed' }));
    const both = sts.exchange({ ...(await asserted('agent-1')), ...(await actor()) });
    await expect(both).resolves.toBeDefined();
  });

  it('C-04: is the subject where a grant wants that; a token alone is refused', async () => {
    withGrants(grantUnderTest({ clientAuth: 'required' }));
    const unproven = refusal({ code: 'invalid_request', reason: 'client_auth_required' });
    await expectNothingIssued(sts.exchange(), unproven);
    const itself = await asserted('workload-1', first.issuer);
    await expect(sts.exchange(itself)).resolves.toBeDefined();
  });

  it('C-04: is not proven by an actor token alone', async () => {
    withGrants(delegation({ clientAuth: 'required' }));
    await expectNothingIssued(acting(), refusal({ reason: 'client_auth_required' }));
    await expect(sts.exchange(await asserted('agent-1'))).resolves.toBeDefined();
  });
});
