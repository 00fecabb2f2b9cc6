import { type Grant, type SubjectMatch } from '#policy';
import { subjectIdOf } from '#identity';
import { ExchangeUnderTest, grantUnderTest, TestIssuer } from '#testing';
import { introspectionResponse } from '../../../apps/sts/src/oauth.wire.js';
import { type OAuthError } from './oauth-error.js';
import { RevokeHandles } from './revoke-handles.js';

const AGENTS = 'https://agents.test';
const IDP = 'https://idp.test';
const ORIGIN = 'https://postern.test';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

let first: ExchangeUnderTest;
let agents: TestIssuer;
let sts: ExchangeUnderTest;

const named = (issuer: string, subject: string): SubjectMatch => ({
  issuer,
  id: { kind: 'exact', subject },
  claims: new Map(),
});

/** `agent-1` may act for `workload-1` in a chain as deep as is said. */
function withDepth(maxChainDepth: number): void {
  const actor = named(AGENTS, 'agent-1');
  const acts = { id: 'agent-acts', pattern: 'delegation', actor, maxChainDepth } as const;
  withGrant(grantUnderTest(acts));
}

function withGrant(grant: Grant): void {
  sts = first.twin({ grants: [grant], otherIssuers: [agents] });
}

beforeEach(async () => {
  first = await ExchangeUnderTest.create();
  agents = await TestIssuer.create({ issuer: AGENTS, clock: first.clock });
  withDepth(0);
});

type Claims = Readonly<Record<string, unknown>>;

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const actorRefused = refusal({ code: 'invalid_request', reason: 'actor_not_allowed' });
const tooDeep = refusal({ code: 'invalid_request', reason: 'chain_too_deep' });

/** R0 with a subject token of these claims, and with `agent-1`. */
const acting = async (subject: Claims = {}, actor: Claims = {}) =>
  sts.exchange({
    subject_token: await sts.mint(subject),
    actor_token: await agents.mint({ sub: 'agent-1', ...actor }),
    actor_token_type: JWT,
  });
const introspected = async (handle: string) =>
  introspectionResponse(await sts.server.introspection.introspect(handle), ORIGIN);

/** `act` of this many hops, the outermost `hop-0`. */
function chain(hops: number, innermost: Claims = {}): Claims {
  const members = { iss: IDP, sub: `hop-${hops - 1}`, ...innermost };
  return Array.from({ length: hops - 1 }, (_, n) => `hop-${hops - 2 - n}`).reduce<Claims>(
    (act, sub) => ({ iss: IDP, sub, act }),
    members,
  );
}

describe('a subject token that records actors', () => {
  it('A-06: is refused without an actor, also when a grant is for its subject', async () => {
    withGrant(grantUnderTest());
    const subject_token = await sts.mint({ act: { iss: AGENTS, sub: 'agent-1' } });
    await expect(sts.exchange({ subject_token })).rejects.toThrow(actorRefused);
  });

  it('A-04: is refused where the grant has no depth for it', async () => {
    await expect(acting({ act: chain(1) })).rejects.toThrow(tooDeep);
  });

  it.each([
    [1, 1, false],
    [1, 2, true],
    [2, 2, false],
    [2, 3, true],
    [7, 10, true],
    [8, 10, false],
  ])('A-04: of %d hops at a depth of %d is permitted: %p', async (hops, maxChainDepth, permits) => {
    withDepth(maxChainDepth);
    const attempt = acting({ act: chain(hops) });
    await (permits
      ? expect(attempt).resolves.toBeDefined()
      : expect(attempt).rejects.toThrow(tooDeep));
    expect(sts.records.handles.size).toBe(permits ? 1 : 0);
  });

  it.each([
    ['text', 'agent-0'],
    ['a list', [{ sub: 'agent-0' }]],
    ['null', null],
    ['a number', 1],
    ['nobody', {}],
    ['nobody but an issuer', { iss: AGENTS }],
    ['a subject that is no text', { sub: 1 }],
    ['an empty subject', { sub: '' }],
    ['an issuer that is no text', { iss: [AGENTS], sub: 'agent-0' }],
    ['a hop that is no object', { sub: 'agent-0', act: 'agent-00' }],
    ['a hop that is null', { sub: 'agent-0', act: null }],
    ['a hop that names nobody', { sub: 'agent-0', act: {} }],
    ['a subject beyond all limits', { sub: 'x'.repeat(2_049) }],
    ['nine hops', chain(9)],
  ])('A-04: is refused when its act is %s', async (_, act) => {
    withDepth(10);
    await expect(acting({ act })).rejects.toThrow(
      refusal({ code: 'invalid_request', reason: 'invalid_claims' }),
    );
  });

  it('A-04: is refused when its act is larger than any token may be', async () => {
    withDepth(10);
    const act = chain(7, { padding: 'x'.repeat(8 * 1024) });
    await expect(acting({ act })).rejects.toThrow(refusal({ code: 'invalid_request' }));
  });

  it.each([
    ['the outermost', { iss: AGENTS, sub: 'agent-1', act: { sub: 'gateway' } }],
    ['an inner one', { sub: 'gateway', act: { iss: AGENTS, sub: 'agent-1' } }],
    [
      'the innermost',
      { sub: 'gateway', act: { sub: 'portal', act: { iss: AGENTS, sub: 'agent-1' } } },
    ],
  ])('A-04: is refused to an actor that stands in it already: %s', async (_, act) => {
    withDepth(10);
    await expect(acting({ act })).rejects.toThrow(actorRefused);
  });

  it.each([
    ['next to itself', { sub: 'gateway', act: { sub: 'gateway' } }],
    ['around another', { sub: 'gateway', act: { sub: 'portal', act: { sub: 'gateway' } } }],
    ['with its issuer once left out', { sub: 'gateway', act: { iss: IDP, sub: 'gateway' } }],
  ])('A-04: is refused when one actor stands in it twice: %s', async (_, act) => {
    withDepth(10);
    await expect(acting({ act })).rejects.toThrow(actorRefused);
  });

  it('A-09: is not a cycle when the same name is of another issuer', async () => {
    withDepth(10);
    await expect(acting({ act: { iss: IDP, sub: 'agent-1' } })).resolves.toBeDefined();
  });

  it('A-01: grants nothing by an inner actor, and nothing by the outermost to another', async () => {
    withDepth(10);
    const admin = { iss: AGENTS, sub: 'agent-1' };
    for (const act of [admin, { sub: 'gateway', act: admin }]) {
      await expect(acting({ act }, { sub: 'agent-2' })).rejects.toThrow(actorRefused);
    }
    expect(sts.records.handles.size).toBe(0);
  });
});

describe('who acts is told', () => {
  const act = { iss: IDP, sub: 'gateway', name: 'N', act: { sub: 'portal', exp: 1, aud: 'x' } };
  const hops = [
    { issuer: AGENTS, subject: 'agent-1' },
    { issuer: IDP, subject: 'gateway' },
    { issuer: IDP, subject: 'portal' },
  ];

  beforeEach(() => withDepth(3));

  it('in the stored handle and in the event, the outermost first', async () => {
    const issued = await acting({ act });
    expect(await sts.handles.findById(issued.handleId)).toMatchObject({ actors: hops });
    expect(sts.permits).toEqual([expect.objectContaining({ actor_chain: hops })]);
  });

  it('in the event of a denial too', async () => {
    withDepth(1);
    await expect(acting({ act })).rejects.toThrow(tooDeep);
    expect(sts.denials).toEqual([expect.objectContaining({ actor_chain: hops })]);
  });

  it('A-07: by introspection: of each hop iss and sub and nothing else', async () => {
    const told = await introspected((await acting({ act })).handle);
    expect(told).toMatchObject({ sub: 'workload-1', client_id: 'agent-1' });
    expect(told['act']).toEqual({
      iss: AGENTS,
      sub: 'agent-1',
      act: { iss: IDP, sub: 'gateway', act: { iss: IDP, sub: 'portal' } },
    });
  });

  it('A-07: by introspection: no act when the subject acts by itself', async () => {
    withGrant(grantUnderTest());
    const told = await introspected((await sts.exchange()).handle);
    expect(told).toMatchObject({ active: true, client_id: 'workload-1' });
    expect(told).not.toHaveProperty('act');
  });

  it.each([
    ['actor', AGENTS, 'agent-1'],
    ['inner actor', IDP, 'portal'],
    ['subject', IDP, 'workload-1'],
  ])('P-08: so that the handle ends with each of them: the %s', async (_, issuer, subject) => {
    const { handle } = await acting({ act });
    const id = subjectIdOf({ issuer, subject });
    await new RevokeHandles(sts.parts).revoke({
      selector: { scope: 'subject', id },
      reason: 'a test',
      initiator: 'admin',
      initiatorId: undefined,
      correlationId: 'req_test',
    });
    expect(await introspected(handle)).toEqual({ active: false });
  });
});
