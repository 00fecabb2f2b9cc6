import { EVENT_BYTES_MAX, EventTooLarge } from '#events';
import { type Handle } from '#handles';
import { sha256 } from '#kernel';
import {
  aHandle,
  aHandleIssue,
  aHandleIssuedEvent,
  aHandleRevokedEvent,
  aSubjectTokenUse,
} from './handle-builders.js';
import { handleFamilyContract } from './handle-family.contract.js';
import { handleOrdersContract } from './handle-orders.contract.js';
import { handleSuspensionContract } from './handle-suspension.contract.js';
import {
  type HandleStoreUnderTest,
  ISSUED,
  revocation,
  REVOKED,
} from './handle-store-under-test.js';

/** What every HandleStore must do. */
export function handleStoreContract(make: () => Promise<HandleStoreUnderTest>): void {
  describe('as a handle store', () => {
    let under: HandleStoreUnderTest;
    const issued = async (overrides: Partial<Handle> = {}): Promise<Handle> => {
      const handle = aHandle(overrides);
      expect(await under.store.issue(aHandleIssue(handle))).toBe('issued');
      return handle;
    };

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    issuing(() => under);
    revoking(() => under, issued);
    handleFamilyContract(() => under, issued);
    handleSuspensionContract(() => under, issued);
    handleOrdersContract(() => under, issued);

    it('lists by what is asked, ordered by id, page by page', async () => {
      const handles: Handle[] = [];
      for (let n = 0; n < 5; n += 1) handles.push(await issued({ resource: 'listed' }));
      const another = await issued({ subject: { issuer: 'i', subject: 's', id: 'sub_other' } });
      const ids = handles.map(({ id }) => id).sort();
      const page = async (after?: string): Promise<string[]> => {
        const filter = { resource: 'listed', limit: 3, ...(after === undefined ? {} : { after }) };
        return (await under.store.list(filter)).map(({ id }) => id);
      };
      expect(await page()).toEqual(ids.slice(0, 3));
      expect(await page(ids[2])).toEqual(ids.slice(3));
      expect(await under.store.list({ familyId: another.familyId, limit: 500 })).toEqual([another]);
      expect(await under.store.list({ subjectId: 'sub_other', limit: 500 })).toEqual([another]);
      expect(await under.store.list({ status: 'revoked', limit: 500 })).toEqual([]);
      const fingerprint = another.digest.slice(0, 32);
      expect(await under.store.list({ fingerprint, limit: 500 })).toEqual([another]);
      const none = fingerprint.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
      expect(await under.store.list({ fingerprint: none, limit: 500 })).toEqual([]);
      expect(await under.store.list({ resource: 'nothing', limit: 500 })).toEqual([]);
    });
  });
}

function issuing(under: () => HandleStoreUnderTest): void {
  it.each([
    ['unbound', { binding: { kind: 'none' }, subjectTokenKeyId: undefined }],
    ['bound by DPoP', { binding: { kind: 'dpop', jkt: 'thumbprint' } }],
    ['bound by mTLS', { binding: { kind: 'mtls', x5tS256: 'thumbprint' } }],
    ['of a task, for one operation', { task: 't-1', intent: { method: 'GET', path: '/a' } }],
    ['with actors', { actors: [{ issuer: 'https://i.test', subject: 'agent' }] }],
    ['with awkward text', { subject: { issuer: `i'"\\`, subject: 'ß € {}', id: 'sub_x' } }],
  ] as const)('gives a handle back as it was issued: %s', async (_, overrides) => {
    const { store, twin } = under();
    const handle = aHandle(overrides);
    expect(await store.issue(aHandleIssue(handle))).toBe('issued');
    expect(await twin.findByDigest(handle.digest)).toEqual(handle);
    expect(await twin.findById(handle.id)).toEqual(handle);
  });

  it('finds nothing under a digest or an id that was never issued', async () => {
    expect(await under().store.findByDigest(sha256('other'))).toBeUndefined();
    expect(await under().store.findById('hdl_other')).toBeUndefined();
  });

  it('records the event with the handle', async () => {
    const handle = aHandle();
    await under().store.issue(aHandleIssue(handle));
    expect(await under().eventTypes(handle.id)).toEqual([ISSUED]);
  });

  it.each([
    ['once', 1, 1],
    ['three times', 3, 3],
    ['any number of times', undefined, 5],
  ])('issues for a subject token that may be used %s as often as that', async (_, usesMax, n) => {
    const { key } = aSubjectTokenUse();
    const outcomes: string[] = [];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const use = aSubjectTokenUse({ key, usesMax });
      outcomes.push(await under().store.issue(aHandleIssue(aHandle(), use)));
    }
    expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(n);
    expect((await under().uses.find(key))!.uses).toBe(n);
  });

  it('writes neither handle nor event when the subject token is spent', async () => {
    const use = aSubjectTokenUse();
    await under().store.issue(aHandleIssue(aHandle(), use));
    const late = aHandle();
    expect(await under().store.issue(aHandleIssue(late, use))).toBe('spent');
    expect(await under().store.findById(late.id)).toBeUndefined();
    expect(await under().eventTypes(late.id)).toEqual([]);
  });

  it('issues exactly one of many at once for one use of a subject token', async () => {
    const { store, twin, uses } = under();
    const { key } = aSubjectTokenUse();
    const handles = Array.from({ length: 32 }, () => aHandle());
    const outcomes = await Promise.all(
      handles.map((handle, n) =>
        (n % 2 === 0 ? store : twin).issue(aHandleIssue(handle, aSubjectTokenUse({ key }))),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(1);
    const winner = handles[outcomes.indexOf('issued')]!;
    expect(await store.list({ limit: 500 })).toEqual([winner]);
    expect((await uses.find(key))!.uses).toBe(1);
  });

  it('writes handle, use and events together or not at all', async () => {
    const issue = aHandleIssue();
    const tooLarge = { ...aHandleIssuedEvent(issue.handle), subject: 'x'.repeat(EVENT_BYTES_MAX) };
    const attempt = under().store.issue({ ...issue, events: [...issue.events, tooLarge] });
    await expect(attempt).rejects.toThrow(EventTooLarge);
    expect(await under().store.findById(issue.handle.id)).toBeUndefined();
    expect(await under().uses.find(issue.use.key)).toBeUndefined();
    expect(await under().eventTypes(issue.handle.id)).toEqual([]);
  });

  it('refuses a second handle with the same digest, and counts no use for it', async () => {
    const handle = aHandle();
    await under().store.issue(aHandleIssue(handle));
    const twin = aHandleIssue(aHandle({ digest: handle.digest }));
    await expect(under().store.issue(twin)).rejects.toThrow(/digest/);
    expect(await under().uses.find(twin.use.key)).toBeUndefined();
  });
}

function revoking(
  under: () => HandleStoreUnderTest,
  issued: (overrides?: Partial<Handle>) => Promise<Handle>,
): void {
  it.each([
    ['handle', (handle: Handle) => handle.id],
    ['family', (handle: Handle) => handle.familyId],
    ['subject', (handle: Handle) => handle.subject.id],
    ['issuer', (handle: Handle) => handle.subject.issuer],
    ['grant', (handle: Handle) => handle.grant.id],
    ['resource', (handle: Handle) => handle.resource],
  ] as const)('revokes by %s what it names and nothing else', async (scope, idOf) => {
    const named = await issued({
      subject: { issuer: 'https://named.test', subject: 's', id: 'sub_named' },
      grant: { id: 'grant-named', version: 1, digest: 'd'.repeat(64), setDigest: 'b'.repeat(64) },
      resource: 'named',
    });
    const other = await issued();
    const revoked = { ...named, status: 'revoked' };
    const selector = { scope, id: idOf(named) };
    const result = await under().store.revoke(revocation(selector));
    expect(result).toEqual([revoked]);
    expect(await under().twin.findByDigest(named.digest)).toEqual(revoked);
    expect(await under().twin.findById(other.id)).toEqual(other);
    expect(await under().eventTypes(named.id)).toEqual([ISSUED, REVOKED]);
    expect(await under().eventTypes(other.id)).toEqual([ISSUED]);
  });

  it('revokes all handles of a family', async () => {
    const family = { familyId: 'fam_shared' };
    const handles = [await issued(family), await issued(family), await issued(family)];
    const revoked = await under().store.revoke(revocation({ scope: 'family', id: 'fam_shared' }));
    expect(revoked.map(({ id }) => id).sort()).toEqual(handles.map(({ id }) => id).sort());
  });

  it('revokes a handle once, however many ask at once, and says so once', async () => {
    const handle = await issued();
    const { store, twin } = under();
    const order = revocation({ scope: 'handle', id: handle.id });
    const all = await Promise.all([store, twin, store, twin].map((one) => one.revoke(order)));
    expect(all.flat()).toHaveLength(1);
    expect(await store.revoke(order)).toEqual([]);
    expect(await under().eventTypes(handle.id)).toEqual([ISSUED, REVOKED]);
  });

  it('leaves a handle that has expired as it is', async () => {
    const handle = await issued();
    const { store } = under();
    const atExpiry = revocation({ scope: 'handle', id: handle.id }, handle.expiresAt);
    expect(await store.revoke(atExpiry)).toEqual([]);
    expect(await store.findById(handle.id)).toEqual(handle);
  });

  it('revokes nothing when the event cannot be written', async () => {
    const handle = await issued();
    const attempt = under().store.revoke({
      ...revocation({ scope: 'handle', id: handle.id }),
      eventOf: (one) => ({ ...aHandleRevokedEvent(one), subject: 'x'.repeat(EVENT_BYTES_MAX) }),
    });
    await expect(attempt).rejects.toThrow(EventTooLarge);
    expect(await under().store.findById(handle.id)).toEqual(handle);
  });
}
