import {
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresProofUses,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { type Handle, type HandleSelector } from '#handles';
import { Introspection, type IssuedHandle, OAuthError } from '#oauth';
import { grantSetOf } from '#policy';
import { ExchangeUnderTest, type FormParameters, grantUnderTest } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import {
  CHAIN,
  CHAIN_GRANTS,
  details,
  narrowed,
  OPERATES,
  READ,
  ROOT,
  POST,
} from './chain-of-handles.js';
import { StsEndpoint } from './sts-endpoint.js';

const AT_ONCE = 8;
const ROUNDS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 1_000 : 5;
/**
 * Keycloak #51633: a token that was revoked could still be exchanged, and what descends from it lived on. A-08: here a
 * dead handle gives nothing, and takes with it all that was exchanged for it.
 */
describe('a chain of handles', () => {
  let sts: ExchangeUnderTest;
  let root: IssuedHandle;
  let child: IssuedHandle;
  let grandchild: IssuedHandle;
  let sibling: IssuedHandle;

  const chained = (handle: string, parameters: FormParameters = {}): Promise<IssuedHandle> =>
    sts.exchange(narrowed(handle, parameters));
  const isActive = async ({ handle }: IssuedHandle): Promise<boolean> =>
    (await new Introspection(sts.parts).introspect(handle)).active;
  const recordOf = async ({ handleId }: IssuedHandle): Promise<Handle> =>
    (await sts.handles.findById(handleId))!;
  const revoke = async (selector: HandleSelector): Promise<void> => {
    const [event] = sts.journal.events;
    await sts.handles.revoke({ selector, at: sts.clock.now(), eventOf: () => event! });
  };
  const refusal = { code: 'invalid_request', reason: 'handle_not_live' };

  const expectExtensionRefused = async (handle: IssuedHandle): Promise<void> => {
    const before = sts.records.handles.size;
    await expect(chained(handle.handle)).rejects.toMatchObject(refusal);
    expect(sts.records.handles.size).toBe(before);
    expect(sts.denials.at(-1)).toMatchObject({ reason: 'handle_not_live' });
  };

  beforeEach(async () => {
    sts = await ExchangeUnderTest.create({ grants: CHAIN_GRANTS });
    root = await sts.exchange({ scope: `${READ} ${POST}` });
    child = await chained(root.handle);
    sibling = await chained(root.handle);
    const ofChild = details({ maxCalls: 5 });
    grandchild = await chained(child.handle, { authorization_details: ofChild });
  });

  it('A-08: is alive, and may be extended, while nothing of it was revoked', async () => {
    for (const one of [root, child, sibling, grandchild]) expect(await isActive(one)).toBe(true);
    expect(await isActive(await chained(root.handle))).toBe(true);
    expect(await recordOf(grandchild)).toMatchObject({
      parentId: child.handleId,
      chainDepth: 2,
      familyId: (await recordOf(root)).familyId,
    });
  });

  it('A-08: is dead from its root on, and nothing extends it, once the root is revoked', async () => {
    await revoke({ scope: 'handle', id: root.handleId });
    for (const one of [root, child, sibling, grandchild]) {
      expect(await isActive(one)).toBe(false);
      await expectExtensionRefused(one);
    }
  });

  it('A-08: is dead below what was revoked, and lives above and beside it', async () => {
    await revoke({ scope: 'handle', id: child.handleId });
    for (const one of [child, grandchild]) {
      expect(await isActive(one)).toBe(false);
      await expectExtensionRefused(one);
    }
    for (const one of [root, sibling]) expect(await isActive(one)).toBe(true);
    expect(await isActive(await chained(root.handle))).toBe(true);
  });

  it.each<[string, (handle: Handle) => HandleSelector]>([
    ['family', ({ familyId }) => ({ scope: 'family', id: familyId })],
    ['subject', ({ subject }) => ({ scope: 'subject', id: subject.id })],
    ['issuer', ({ subject }) => ({ scope: 'issuer', id: subject.issuer })],
    ['resource', ({ resource }) => ({ scope: 'resource', id: resource })],
    ['grant', ({ grant }) => ({ scope: 'grant', id: grant.id })],
    [
      "issuer's key",
      ({ subject, subjectTokenKeyId }) => ({
        scope: 'key',
        id: subjectTokenKeyId!,
        issuer: subject.issuer,
      }),
    ],
  ])('A-08, P-08: is dead as a whole when its root is revoked by its %s', async (_, selectorOf) => {
    await revoke(selectorOf(await recordOf(root)));
    for (const one of [root, child, sibling, grandchild]) {
      expect(await isActive(one)).toBe(false);
      await expectExtensionRefused(one);
    }
  });

  it('A-08, P-08: is dead as a whole when the grant of its root is gone, at the next look at the origins', async () => {
    sts.grants.replace(grantSetOf([CHAIN, OPERATES], sts.clock.now()));
    await expectExtensionRefused(root);
    await sts.server.originWatch.check();
    for (const one of [root, child, sibling, grandchild]) {
      expect(await isActive(one)).toBe(false);
      await expectExtensionRefused(one);
    }
  });

  it('A-08: is not extended from what has expired, and ends with its root at the latest', async () => {
    sts.clock.advance(299);
    const late = await chained(root.handle);
    expect(late.expiresInSeconds).toBe(1);
    sts.clock.advance(1);
    for (const one of [root, child, late]) {
      expect(await isActive(one)).toBe(false);
      await expectExtensionRefused(one);
    }
  });

  it.each([
    ['suspended', { status: 'suspended' as const }],
    ['revoked a moment ago, by another process', { status: 'revoked' as const }],
    ['used up', { callsUsed: Number.MAX_SAFE_INTEGER }],
  ])('A-08: is not extended from what is %s', async (_, change) => {
    sts.records.handles.set(child.handleId, { ...(await recordOf(child)), ...change });
    await expectExtensionRefused(child);
  });

  it('A-08: is extended for its own resource only', async () => {
    for (const audience of ['archive', 'postern']) {
      await expect(chained(root.handle, { audience })).rejects.toBeInstanceOf(OAuthError);
    }
  });

  it('A-04, A-08: is not extended beyond the depth that the grant says', async () => {
    const deeper = chained(grandchild.handle, {
      authorization_details: details({ maxCalls: 1 }),
    });
    await expect(deeper).rejects.toMatchObject({
      code: 'invalid_request',
      reason: 'chain_too_deep',
    });
  });

  it('A-08: is not extended at all without a grant that says so', async () => {
    for (const grant of [{ pattern: 'federation' as const }, { maxChainDepth: 0 }]) {
      const other = grantUnderTest({ ...CHAIN, ...grant, id: 'other' });
      sts.grants.replace(grantSetOf([ROOT, OPERATES, other], sts.clock.now()));
      await expect(chained(root.handle)).rejects.toMatchObject({ code: 'invalid_request' });
    }
    sts.grants.replace(grantSetOf([ROOT, OPERATES], sts.clock.now()));
    await expect(chained(root.handle)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('A-08, C-08: is not extended from a handle that is bound to a key, without that key', async () => {
    const bound = { binding: { kind: 'dpop', jkt: 'a-thumbprint' } as const };
    sts.records.handles.set(root.handleId, { ...(await recordOf(root)), ...bound });
    await expect(chained(root.handle)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the endpoints', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start({ grants: CHAIN_GRANTS });
  });
  afterAll(() => endpoint.close());

  const exchange = async (parameters: FormParameters): Promise<Response> =>
    endpoint.post('/oauth2/token', await endpoint.sts.baseline(parameters));
  const handleOf = async (response: Response): Promise<string> => {
    expect(response.status).toBe(200);
    return ((await response.json()) as { access_token: string }).access_token;
  };

  it('R-03, A-08: revoke a chain by its root, and give nothing more for any handle of it', async () => {
    const root = await handleOf(await exchange({ scope: `${READ} ${POST}` }));
    const child = await handleOf(await exchange(narrowed(root)));
    const { plaintext } = await endpoint.sts.operatorHandle();
    const introspected = async (token: string): Promise<string> => {
      const headers = { authorization: `Bearer ${plaintext}` };
      return (await endpoint.post('/oauth2/introspect', { token }, headers)).text();
    };
    expect(await introspected(child)).toContain('"active":true');
    expect((await endpoint.post('/oauth2/revoke', { token: root })).status).toBe(200);
    for (const one of [root, child]) {
      expect(await introspected(one)).toBe('{"active":false}');
      const refused = await exchange(narrowed(one));
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: 'invalid_request' });
    }
  });
});

const TIMEOUT_MS = 60_000 + ROUNDS * 1_000;

describeWithServer('a chain that is extended while it is revoked', 'postgres-18', () => {
  let server: TestDatabase;
  let database: PostgresDatabase;
  let sts: ExchangeUnderTest;
  beforeAll(async () => {
    server = (await testPostgres(18))!;
    const url = await server.urlAs('postern_sts');
    database = await PostgresDatabase.connect({ url, applicationName: 'sts' });
    sts = await ExchangeUnderTest.create({
      grants: CHAIN_GRANTS,
      ports: {
        handles: new PostgresHandleStore(database),
        uses: new PostgresSubjectTokenUses(database),
        journal: new PostgresEventJournal(database),
        proofUses: new PostgresProofUses(database),
      },
    });
  });
  afterAll(async () => {
    await database.close();
    await server.drop();
  });

  it(
    'A-08: has no live handle left, whoever came first',
    async () => {
      const store = new PostgresHandleStore(database);
      for (let round = 0; round < ROUNDS; round += 1) {
        const root = await sts.exchange({ scope: `${READ} ${POST}` });
        const extensions = Array.from({ length: AT_ONCE }, () =>
          sts.exchange(narrowed(root.handle)).catch((failure: unknown) => failure),
        );
        const { familyId } = (await store.findById(root.handleId))!;
        const revoked = store.revoke({
          selector: { scope: 'handle', id: root.handleId },
          at: sts.clock.now(),
          eventOf: ({ id }) => revocationEvent(id),
        });
        await Promise.all([...extensions, revoked]);
        const family = await store.list({ familyId, limit: 500 });
        expect(family.length).toBeGreaterThanOrEqual(1);
        expect(family.filter(({ status }) => status !== 'revoked')).toEqual([]);
        await expect(sts.exchange(narrowed(root.handle))).rejects.toMatchObject({
          reason: 'handle_not_live',
        });
      }
    },
    TIMEOUT_MS,
  );

  const revocationEvent = (id: string) =>
    sts.events.create('dev.postern.handle.revoked.v1', {
      subject: `handle/${id}`,
      partitionKey: id,
      correlationId: 'req_revocation',
      data: {
        handle_id: id,
        family_id: 'fam_1',
        scope: 'handle',
        reason: 'a test',
        initiator: 'admin',
        revoked_at: 1,
      },
    });
});
