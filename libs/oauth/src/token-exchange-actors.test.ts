import { type Grant, type SubjectMatch } from '#policy';
import { epochSeconds } from '#kernel';
import {
  DpopKey,
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  type FormParameters,
  grantUnderTest,
  TestIssuer,
} from '#testing';
import { type OAuthError } from './oauth-error.js';

const AGENTS = 'https://agents.test';
const IDP = 'https://idp.test';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const HTU = 'https://postern.test/oauth2/token';

let first: ExchangeUnderTest;
let agents: TestIssuer;
let sts: ExchangeUnderTest;

const named = (issuer: string, subject: string): SubjectMatch => ({
  issuer,
  id: { kind: 'exact', subject },
  claims: new Map(),
});
const delegation = (overrides: Partial<Grant> = {}): Grant =>
  grantUnderTest({
    id: 'agent-acts',
    pattern: 'delegation',
    actor: named(AGENTS, 'agent-1'),
    ...overrides,
  });

function withGrant(overrides: Partial<Grant>, options: ExchangeUnderTestOptions = {}): void {
  sts = first.twin({ grants: [delegation(overrides)], otherIssuers: [agents], ...options });
}

beforeEach(async () => {
  first = await ExchangeUnderTest.create();
  agents = await TestIssuer.create({ issuer: AGENTS, clock: first.clock });
  withGrant({});
});

type Claims = Readonly<Record<string, unknown>>;

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const malformed = refusal({ code: 'invalid_request', reason: 'malformed_request' });

const withActor = (token: string): FormParameters => ({
  actor_token: token,
  actor_token_type: JWT,
});
const agent = (claims: Claims = {}): Promise<string> => agents.mint({ sub: 'agent-1', ...claims });
const acting = async (subject: Claims = {}, actor: Claims = {}) =>
  sts.exchange({ subject_token: await sts.mint(subject), ...withActor(await agent(actor)) });
const issuedTo = async (issued: { handleId: string }) =>
  (await sts.handles.findById(issued.handleId))!;

describe('an actor token', () => {
  it('X-06: without its type is refused', async () => {
    await expect(sts.exchange({ actor_token: await agent() })).rejects.toThrow(malformed);
  });

  it('X-07: is refused when its type stands there alone', async () => {
    await expect(sts.exchange({ actor_token_type: JWT })).rejects.toThrow(malformed);
  });

  it('is refused when it is a handle, under either type', async () => {
    const { plaintext } = await sts.issued();
    const asHandle = { actor_token: plaintext, actor_token_type: ACCESS_TOKEN };
    await expect(sts.exchange(asHandle)).rejects.toThrow(refusal({ code: 'invalid_request' }));
    await expect(sts.exchange(withActor(plaintext))).rejects.toThrow(malformed);
  });

  it.each<[string, Claims]>([
    ['that has expired', { exp: 1_700_000_000, iat: 1_699_999_000 }],
    ['for another audience', { aud: 'https://elsewhere.test' }],
    ['of an issuer that is not registered', { iss: 'https://evil.test' }],
    ['of an issuer with another key', { iss: IDP }],
    ['that records an actor of its own', { act: { sub: 'agent-0' } }],
  ])('is refused: one %s', async (_, claims) => {
    await expect(acting({}, claims)).rejects.toThrow(refusal({ code: 'invalid_request' }));
    expect(sts.records.handles.size).toBe(0);
  });

  it('that may be used once is refused the second time, with whatever subject token', async () => {
    const token = await agent();
    await sts.exchange(withActor(token));
    await expect(sts.exchange(withActor(token))).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'replayed' }),
    );
    expect(sts.records.handles.size).toBe(1);
  });

  it('that may be used once gives one handle to many at once', async () => {
    const token = await agent();
    const attempts = Array.from({ length: 20 }, () => sts.exchange(withActor(token)));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not used up by a request that is denied', async () => {
    const token = await agent();
    const denied = sts.exchange({ scope: 'ledger.post', ...withActor(token) });
    await expect(denied).rejects.toThrow(refusal({ code: 'invalid_scope' }));
    await expect(sts.exchange(withActor(token))).resolves.toBeDefined();
  });

  it.each([
    ['subject', 20, 40],
    ['actor', 40, 20],
  ])('X-26: ends with the first of both: the %s token', async (_, subject, actor) => {
    const now = epochSeconds(sts.clock.now());
    const issued = await acting({ exp: now + subject }, { exp: now + actor });
    expect(issued.expiresInSeconds).toBe(20);
  });

  it('X-26: gives nothing when the clock skew alone keeps it alive', async () => {
    const exp = epochSeconds(sts.clock.now());
    await expect(acting({}, { exp, iat: exp - 60 })).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'no_lifetime_left' }),
    );
  });
});

describe('people', () => {
  it('are acted for by a workload, and their tokens are nothing without one', async () => {
    withGrant({}, { issuer: { subjects: 'person' } });
    await expect(sts.exchange()).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'person_without_actor' }),
    );
    expect(await issuedTo(await acting())).toMatchObject({
      subject: { subject: 'workload-1' },
      actors: [{ issuer: AGENTS, subject: 'agent-1' }],
    });
  });

  it('act for nobody', async () => {
    const person = grantUnderTest({
      id: 'a-person-acts',
      pattern: 'delegation',
      subject: named(AGENTS, 'agent-1'),
      actor: named(IDP, 'workload-1'),
    });
    const attempt = async () =>
      sts.exchange({ subject_token: await agent(), ...withActor(await sts.mint()) });
    withGrant({}, { grants: [person], issuer: { subjects: 'person' } });
    await expect(attempt()).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'pattern_mismatch' }),
    );
    withGrant({}, { grants: [person] });
    await expect(attempt()).resolves.toBeDefined();
  });
});

describe('keys of subject and actor', () => {
  it('bind the handle: an actor token that is bound to a key needs its proof', async () => {
    const key = await DpopKey.create({ clock: sts.clock });
    const attempt = async (dpopProofs: string[]) => {
      const actor = withActor(await agent({ cnf: { jkt: key.jkt } }));
      return sts.exchange(actor, {}, { dpopProofs });
    };
    await expect(attempt([])).rejects.toThrow(refusal({ reason: 'binding_mismatch' }));
    const other = await DpopKey.create({ clock: sts.clock });
    await expect(attempt([other.proof({ htu: HTU })])).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'binding_mismatch' }),
    );
    const issued = await attempt([key.proof({ htu: HTU })]);
    expect((await issuedTo(issued)).binding).toEqual({ kind: 'dpop', jkt: key.jkt });
  });
});
