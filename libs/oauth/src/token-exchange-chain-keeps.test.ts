import { createHash } from 'node:crypto';
import { type Grant } from '#policy';
import {
  DpopKey,
  ExchangeUnderTest,
  type FormParameters,
  grantUnderTest,
  TestIssuer,
} from '#testing';
import { type CallerContext } from './caller-context.js';
import { type OAuthError } from './oauth-error.js';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const HTU = 'https://postern.test/oauth2/token';
const AGENTS = 'https://agents.test';
const scopes = ['ledger.read', 'ledger.post'];
const READ = { method: 'GET', path: '/accounts/1' };

const source = grantUnderTest({ scopes });
const narrowing = (overrides: Partial<Grant> = {}): Grant =>
  grantUnderTest({
    id: 'workload-narrows',
    pattern: 'downscoping',
    scopes,
    maxChainDepth: 2,
    maxCalls: 10,
    ...overrides,
  });

let sts: ExchangeUnderTest;
let agents: TestIssuer;

beforeEach(async () => {
  const first = await ExchangeUnderTest.create();
  agents = await TestIssuer.create({ issuer: AGENTS, clock: first.clock });
  sts = withGrants(first, source, narrowing());
});

const withGrants = (first: ExchangeUnderTest, ...grants: Grant[]): ExchangeUnderTest =>
  first.twin({ grants, otherIssuers: [agents] });

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const unproven = refusal({ code: 'invalid_request', reason: 'binding_mismatch' });
const notThisCall = refusal({
  code: 'invalid_authorization_details',
  reason: 'call_not_allowed',
});

type Overrides = Parameters<ExchangeUnderTest['issued']>[0];

/** A live handle of `workload-1`, as an earlier exchange left it. */
const parentWith = async (overrides: Overrides) =>
  (await sts.issued({ scopes, ...overrides })).plaintext;
const narrowed = (
  handle: string,
  more: FormParameters = {},
  context: Partial<CallerContext> = {},
) =>
  sts.exchange({ subject_token: handle, subject_token_type: ACCESS_TOKEN, ...more }, {}, context);
const details = (asked: Record<string, unknown>): FormParameters => ({
  authorization_details: JSON.stringify([{ type: 'urn:postern:call', ...asked }]),
});
const stored = async ({ handleId }: { handleId: string }) =>
  (await sts.handles.findById(handleId))!;

async function expectNothingIssued(attempt: Promise<unknown>, expected: Error): Promise<void> {
  const before = sts.records.handles.size;
  await expect(attempt).rejects.toThrow(expected);
  expect(sts.records.handles.size).toBe(before);
}

describe('the key of a parent', () => {
  let key: DpopKey;
  const proven = (by: DpopKey): Partial<CallerContext> => ({
    dpopProofs: [by.proof({ htu: HTU })],
  });

  beforeEach(async () => {
    key = await DpopKey.create({ clock: sts.clock });
  });

  it('C-08: is that of the child, and its proof is needed', async () => {
    const parent = await parentWith({ binding: { kind: 'dpop', jkt: key.jkt } });
    await expectNothingIssued(narrowed(parent), unproven);
    const child = await narrowed(parent, {}, proven(key));
    expect(child.tokenType).toBe('DPoP');
    expect((await stored(child)).binding).toEqual({ kind: 'dpop', jkt: key.jkt });
  });

  it('C-08: is not that of another proof', async () => {
    const parent = await parentWith({ binding: { kind: 'dpop', jkt: key.jkt } });
    const other = await DpopKey.create({ clock: sts.clock });
    await expectNothingIssued(narrowed(parent, {}, proven(other)), unproven);
  });

  it('C-08: is not that of a certificate', async () => {
    const parent = await parentWith({ binding: { kind: 'dpop', jkt: key.jkt } });
    const context = { certificateChain: [Buffer.from('a certificate')] };
    await expectNothingIssued(narrowed(parent, {}, context), unproven);
  });

  it('C-06: stays a certificate: none, another one or a proof in its place is refused', async () => {
    const own = Buffer.from('the certificate of the workload');
    const x5tS256 = createHash('sha256').update(own).digest('base64url');
    const parent = await parentWith({ binding: { kind: 'mtls', x5tS256 } });
    await expectNothingIssued(narrowed(parent), unproven);
    await expectNothingIssued(narrowed(parent, {}, proven(key)), unproven);
    const other = { certificateChain: [Buffer.from('another'), own] };
    await expectNothingIssued(narrowed(parent, {}, other), unproven);
    const child = await narrowed(parent, {}, { certificateChain: [own] });
    expect((await stored(child)).binding).toEqual({ kind: 'mtls', x5tS256 });
  });

  it('may be added where the parent has none', async () => {
    const child = await narrowed(await parentWith({}), {}, proven(key));
    expect((await stored(child)).binding).toEqual({ kind: 'dpop', jkt: key.jkt });
  });

  it('D-16: is demanded by a grant that binds, also of an unbound parent', async () => {
    sts = withGrants(sts, source, narrowing({ binding: 'dpop' }));
    await expectNothingIssued(
      narrowed(await parentWith({})),
      refusal({ code: 'invalid_dpop_proof', reason: 'binding_required' }),
    );
  });
});

describe('who holds a parent', () => {
  const actors = [{ issuer: AGENTS, subject: 'agent-1' }];
  const asserted = async (subject: string, by = agents): Promise<FormParameters> => ({
    client_assertion_type: JWT_BEARER,
    client_assertion: await by.mint({ sub: subject }),
  });

  it('A-08: stays in the child: subject and actors, with none added', async () => {
    const inner = { issuer: 'https://idp.test', subject: 'gateway' };
    const parent = await parentWith({ actors: [...actors, inner], pattern: 'delegation' });
    const child = await stored(await narrowed(parent));
    expect(child).toMatchObject({ actors: [...actors, inner], subject: { subject: 'workload-1' } });
    expect(sts.permits).toEqual([expect.objectContaining({ actor_chain: [...actors, inner] })]);
  });

  it('A-08: is nobody else by an actor token', async () => {
    const actor = { actor_token: await agents.mint({ sub: 'agent-1' }), actor_token_type: JWT };
    await expectNothingIssued(
      narrowed(await parentWith({}), actor),
      refusal({ code: 'invalid_request', reason: 'pattern_mismatch' }),
    );
  });

  it('C-07: is nobody else by a client assertion', async () => {
    sts = withGrants(sts, source, narrowing({ clientAuth: 'required' }));
    const parent = await parentWith({});
    const refused = refusal({ code: 'invalid_request' });
    await expectNothingIssued(narrowed(parent, await asserted('agent-1')), refused);
    await expectNothingIssued(narrowed(parent, await asserted('workload-1')), refused);
    const itself = narrowed(parent, await asserted('workload-1', sts.issuer));
    await expect(itself).resolves.toBeDefined();
  });

  it('C-07: is the actor of a delegated one, and not the subject', async () => {
    sts = withGrants(sts, source, narrowing({ clientAuth: 'required' }));
    const parent = await parentWith({ actors });
    const subject = narrowed(parent, await asserted('workload-1', sts.issuer));
    await expectNothingIssued(subject, refusal({ code: 'invalid_request' }));
    await expect(narrowed(parent, await asserted('agent-1'))).resolves.toBeDefined();
  });

  it('C-04: proves itself where the grant wants that: a handle alone is refused', async () => {
    sts = withGrants(sts, source, narrowing({ clientAuth: 'required' }));
    await expectNothingIssued(
      narrowed(await parentWith({})),
      refusal({ code: 'invalid_request', reason: 'client_auth_required' }),
    );
    const key = await DpopKey.create({ clock: sts.clock });
    const bound = await parentWith({ binding: { kind: 'dpop', jkt: key.jkt } });
    const dpopProofs = [key.proof({ htu: HTU })];
    await expect(narrowed(bound, {}, { dpopProofs })).resolves.toBeDefined();
  });
});

describe('the call that a parent is for', () => {
  it('A-08: is that of the child, whether or not it is named again', async () => {
    const parent = await parentWith({ intent: READ });
    for (const asked of [{}, details({ maxCalls: 1 }), details({ ...READ, maxCalls: 1 })]) {
      expect((await stored(await narrowed(parent, asked))).intent).toEqual(READ);
    }
  });

  it.each([
    ['another path', { method: 'GET', path: '/accounts/2' }],
    ['another path that decodes to the same', { method: 'GET', path: '/accounts/%31' }],
    ['another case', { method: 'GET', path: '/Accounts/1' }],
    ['another method', { method: 'HEAD', path: '/accounts/1' }],
    ['a path below', { method: 'GET', path: '/accounts/1/entries' }],
    ['a call of the other scope', { method: 'POST', path: '/entries' }],
  ])('A-08: is never another one: %s', async (_, asked) => {
    const parent = await parentWith({ intent: READ });
    const scope = scopes.join(' ');
    await expectNothingIssued(narrowed(parent, { scope, ...details(asked) }), notThisCall);
    await expectNothingIssued(narrowed(parent, details(asked)), notThisCall);
  });

  it('A-08: is within the scopes of the child, or nothing is issued', async () => {
    const parent = await parentWith({ intent: READ });
    await expectNothingIssued(narrowed(parent, { scope: 'ledger.post' }), notThisCall);
  });

  it('A-08: is not forgotten when its path is one that no longer reads', async () => {
    for (const path of ['/accounts//1', '/accounts/1//', '/accounts/../entries', 'accounts/1']) {
      const parent = await parentWith({ intent: { method: 'GET', path } });
      await expectNothingIssued(narrowed(parent), refusal({ reason: 'handle_not_live' }));
    }
  });

  it('may be named first by the child', async () => {
    const child = await narrowed(await parentWith({}), details(READ));
    expect((await stored(child)).intent).toEqual(READ);
  });
});

describe('the task of a parent', () => {
  it('A-08: is that of the child, and never another one', async () => {
    const parent = await parentWith({ task: 'close/2026-11' });
    expect((await stored(await narrowed(parent))).task).toBe('close/2026-11');
    const again = await parentWith({ task: 'close/2026-11' });
    const same = await narrowed(again, details({ task: 'close/2026-11' }));
    expect((await stored(same)).task).toBe('close/2026-11');
    const other = details({ task: 'close/2026-12' });
    await expectNothingIssued(narrowed(again, other), notThisCall);
  });

  it('may be named first by the child', async () => {
    const child = await narrowed(await parentWith({}), details({ task: 'close' }));
    expect((await stored(child)).task).toBe('close');
  });
});
