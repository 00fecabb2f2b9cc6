import { type HandleIssue, mintHandle } from '#handles';
import { type Grant, grantSetOf } from '#policy';
import {
  aHandle,
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  type FormParameters,
  grantUnderTest,
  InMemoryHandleRecords,
  InMemoryHandleStore,
  resourceUnderTest,
} from '#testing';
import { type OAuthError } from './oauth-error.js';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const BOTH = 'ledger.read ledger.post';
const scopes = BOTH.split(' ');

/** Gives `workload-1` a handle with both scopes for its token. */
const source = grantUnderTest({ scopes });
/** Lets it make narrower ones of that. */
const narrowing = (overrides: Partial<Grant> = {}): Grant =>
  grantUnderTest({
    id: 'workload-narrows',
    pattern: 'downscoping',
    scopes,
    maxChainDepth: 2,
    maxCalls: 100,
    ...overrides,
  });

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create({ grants: [source, narrowing()] });
});

const withGrants = (...grants: Grant[]): void =>
  sts.grants.replace(grantSetOf(grants, sts.clock.now()));

const refusal = (expected: Partial<Pick<OAuthError, 'code' | 'reason'>>): Error =>
  expect.objectContaining(expected) as Error;
const mismatch = refusal({ code: 'invalid_request', reason: 'pattern_mismatch' });
const notLive = refusal({ code: 'invalid_request', reason: 'handle_not_live' });

const fromToken = () => sts.exchange({ scope: BOTH });
/** A handle that may read, for a handle. */
const narrowed = (handle: string, more: FormParameters = {}, by = sts) =>
  by.exchange({ subject_token: handle, subject_token_type: `${TYPE}access_token`, ...more });
const details = (asked: Record<string, unknown>): FormParameters => ({
  authorization_details: JSON.stringify([{ type: 'urn:postern:call', ...asked }]),
});
const stored = async ({ handleId }: { handleId: string }) =>
  (await sts.handles.findById(handleId))!;

async function expectNothingIssued(attempt: Promise<unknown>, expected: Error): Promise<void> {
  const [handles, permits] = [sts.records.handles.size, sts.permits.length];
  await expect(attempt).rejects.toThrow(expected);
  expect([sts.records.handles.size, sts.permits.length]).toEqual([handles, permits]);
}

describe('a handle as subject token', () => {
  it('A-08: becomes a narrower one of the same family', async () => {
    const parent = await fromToken();
    const child = await narrowed(parent.handle);
    const { familyId, subjectTokenKeyId, subject, resource } = await stored(parent);
    const lineage = { familyId, parentId: parent.handleId, chainDepth: 1, subjectTokenKeyId };
    expect(child.scopes).toEqual(['ledger.read']);
    expect(await stored(child)).toMatchObject({ ...lineage, subject, resource, actors: [] });
    expect(sts.permits[1]).toMatchObject({
      parent_handle_id: parent.handleId,
      pattern: 'downscoping',
      grant_id: 'workload-narrows',
    });
  });

  it.each<[string, Grant[]]>([
    ['only one for its tokens', [source]],
    ['downscoping of tokens alone', [source, narrowing({ maxChainDepth: 0 })]],
    ['a chain of another pattern', [source, narrowing({ pattern: 'delegation' })]],
  ])('A-08: is refused where there is no grant for it: %s', async (_, grants) => {
    withGrants(...grants);
    const { plaintext } = await sts.issued({ scopes });
    await expectNothingIssued(narrowed(plaintext), mismatch);
  });

  it('A-08: is refused when the grant for it is of another workload', async () => {
    const id = { kind: 'exact', subject: 'workload-2' } as const;
    withGrants(source, narrowing({ subject: { ...source.subject, id } }));
    const { handle } = await fromToken();
    await expectNothingIssued(narrowed(handle), mismatch);
  });

  it('A-08: becomes one of the same resource alone', async () => {
    withGrants(source, narrowing(), narrowing({ id: 'of-the-archive', resource: 'archive' }));
    const { handle } = await fromToken();
    await expectNothingIssued(
      narrowed(handle, { audience: 'archive' }),
      refusal({ code: 'invalid_target', reason: 'not_allowed' }),
    );
  });

  it.each(['jwt', 'id_token', 'refresh_token'])('X-05: is refused as %s', async (type) => {
    const { handle } = await fromToken();
    const attempt = narrowed(handle, { subject_token_type: `${TYPE}${type}` });
    await expectNothingIssued(attempt, refusal({ reason: 'malformed_request' }));
  });

  it('X-05: is refused as an opaque token of an issuer', async () => {
    const { handle } = await fromToken();
    const attempt = narrowed(handle, {
      subject_token_type: 'urn:postern:token-type:introspectable',
    });
    await expectNothingIssued(attempt, refusal({ reason: 'malformed_request' }));
  });

  it('X-05: is not what a JWT is that says it is an access token', async () => {
    const attempt = sts.exchange({ subject_token_type: `${TYPE}access_token` });
    await expectNothingIssued(attempt, refusal({ reason: 'malformed_request' }));
  });
});

describe('scopes and life of a child', () => {
  it('A-08: has no scope that its parent has not, whatever the grant says', async () => {
    const parent = await narrowed((await fromToken()).handle, { scope: 'ledger.post' });
    const beyond = refusal({ code: 'invalid_scope', reason: 'scope_not_allowed' });
    for (const scope of ['ledger.read', BOTH, undefined]) {
      await expectNothingIssued(narrowed(parent.handle, { scope }), beyond);
    }
  });

  it.each([0, 100, 299])('A-08: never outlives its parent, %d s on', async (seconds) => {
    const parent = await fromToken();
    sts.clock.advance(seconds);
    const child = await narrowed(parent.handle);
    expect(child.expiresInSeconds).toBe(300 - seconds);
    expect((await stored(child)).expiresAt).toEqual((await stored(parent)).expiresAt);
  });

  it('A-08: is not issued in the last part of a second of its parent', async () => {
    const { handle } = await fromToken();
    sts.clock.advance(299.5);
    const none = refusal({ code: 'invalid_request', reason: 'no_lifetime_left' });
    await expectNothingIssued(narrowed(handle), none);
  });

  it('A-08: is not the equal of its parent: something is given up', async () => {
    withGrants(source, narrowing({ maxCalls: 1000 }));
    const { handle } = await fromToken();
    await expectNothingIssued(narrowed(handle, { scope: BOTH }), mismatch);
    await expectNothingIssued(
      narrowed(handle, { scope: BOTH, ...details({ task: 't' }) }),
      mismatch,
    );
  });

  it.each([{ maxCalls: 999 }, { expires_in: 299 }, { method: 'GET', path: '/accounts/1' }])(
    'A-08: may have the scopes of its parent when it gives up something else: %j',
    async (asked) => {
      withGrants(source, narrowing({ maxCalls: 1000 }));
      const { handle } = await fromToken();
      const child = await narrowed(handle, { scope: BOTH, ...details(asked) });
      expect(child.scopes).toEqual(scopes);
    },
  );
});

describe('the calls of a child', () => {
  it('A-08: are taken from those of its parent', async () => {
    const parent = await fromToken();
    const child = await narrowed(parent.handle, details({ maxCalls: 30 }));
    expect(await stored(child)).toMatchObject({ maxCalls: 30, callsUsed: 0 });
    expect(await stored(parent)).toMatchObject({ maxCalls: 1000, callsUsed: 30 });
  });

  it('A-08: are never more than its parent has left', async () => {
    const { plaintext } = await sts.issued({ scopes, maxCalls: 50, callsUsed: 43 });
    expect(await stored(await narrowed(plaintext))).toMatchObject({ maxCalls: 7 });
    await expectNothingIssued(narrowed(plaintext), notLive);
  });

  it('A-08: are all given once, to however many children at once', async () => {
    const { handle, handleId } = await fromToken();
    const outcomes = await Promise.allSettled(Array.from({ length: 25 }, () => narrowed(handle)));
    const children = [...sts.records.handles.values()].filter(
      ({ parentId }) => parentId === handleId,
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(children.length);
    expect(children.reduce((sum, { maxCalls }) => sum + maxCalls, 0)).toBe(1000);
    expect(await stored({ handleId })).toMatchObject({ callsUsed: 1000 });
  });
});

describe('the depth of a chain', () => {
  it('A-08: is that of the grant and no more', async () => {
    const parent = await fromToken();
    const child = await narrowed(parent.handle, { scope: BOTH });
    const grandchild = await narrowed(child.handle, details({ maxCalls: 50 }));
    const { familyId } = await stored(parent);
    expect(await stored(grandchild)).toMatchObject({
      ...{ chainDepth: 2, parentId: child.handleId, familyId, maxCalls: 50 },
    });
    await expectNothingIssued(
      narrowed(grandchild.handle, details({ maxCalls: 1 })),
      refusal({ code: 'invalid_request', reason: 'chain_too_deep' }),
    );
  });

  it('A-08: is that of the grant as it is now', async () => {
    const child = await narrowed((await fromToken()).handle, { scope: BOTH });
    const { id } = await stored(child);
    withGrants(source, narrowing({ maxChainDepth: 1 }));
    const grant = sts.grantOf('workload-narrows');
    sts.records.handles.set(id, { ...(await stored(child)), grant });
    await expectNothingIssued(narrowed(child.handle), refusal({ reason: 'chain_too_deep' }));
  });
});

describe('a parent that is dead', () => {
  it.each([
    ['revoked', { status: 'revoked' }],
    ['suspended', { status: 'suspended' }],
    ['used up', { callsUsed: 1000, maxCalls: 1000 }],
    ['of an issuer that is gone', { subject: { issuer: 'https://x', subject: 's', id: 'sub_x' } }],
    ['of a resource that is gone', { resource: 'gone' }],
    ['of an edited grant', { grant: { ...aHandle().grant, id: source.id } }],
    ['of another environment on the same storage', { environment: 'prod' }],
  ] as [string, Parameters<ExchangeUnderTest['issued']>[0]][])(
    'A-08: gives nothing: one that is %s',
    async (_, overrides) => {
      const { plaintext } = await sts.issued({ scopes, ...overrides });
      await expectNothingIssued(narrowed(plaintext), notLive);
    },
  );

  it('A-08: gives nothing: one that has expired, to the instant', async () => {
    const { handle } = await fromToken();
    sts.clock.advance(300);
    await expectNothingIssued(narrowed(handle), notLive);
  });

  it('A-08: gives nothing: one that was never issued, or by another environment', async () => {
    await expectNothingIssued(narrowed(mintHandle('test').plaintext), notLive);
    await expectNothingIssued(narrowed(mintHandle('prod').plaintext), notLive);
  });

  it('P-08: takes its children along', async () => {
    const parent = await fromToken();
    const child = await narrowed(parent.handle, { scope: BOTH });
    const grandchild = await narrowed(child.handle, details({ maxCalls: 50 }));
    await sts.handles.revoke({
      selector: { scope: 'handle', id: parent.handleId },
      at: sts.clock.now(),
      eventOf: () => sts.journal.events[0]!,
    });
    await expectNothingIssued(narrowed(child.handle), notLive);
    expect(await sts.server.introspection.introspect(grandchild.handle)).toEqual({ active: false });
  });

  it.each(['revoked', 'suspended'] as const)(
    'A-08: gives nothing when it is %s after it was judged, and says so on record',
    async (status) => {
      class Racing extends InMemoryHandleStore {
        override issue(issue: HandleIssue) {
          const parent = this.records.handles.get(issue.handle.parentId ?? '');
          if (parent !== undefined) this.records.handles.set(parent.id, { ...parent, status });
          return super.issue(issue);
        }
      }
      sts = racing(sts, new Racing(new InMemoryHandleRecords()));
      const { handle, handleId } = await fromToken();
      await expectNothingIssued(narrowed(handle), notLive);
      expect(sts.denials).toEqual([expect.objectContaining({ parent_handle_id: handleId })]);
    },
  );
});

/** The same deployment over this store. */
function racing(first: ExchangeUnderTest, handles: InMemoryHandleStore): ExchangeUnderTest {
  const grants = first.grants.current().grants;
  const options: ExchangeUnderTestOptions = { grants, records: handles.records };
  return first.twin({ ...options, resources: [resourceUnderTest('ledger')], ports: { handles } });
}
