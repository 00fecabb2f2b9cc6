import { type Handle } from '#handles';
import { subjectIdOf } from '#identity';
import { aHandle, aHandleIssuedEvent, HANDLE_ISSUED_AT } from './handle-builders.js';
import {
  type HandleStoreUnderTest,
  ISSUED,
  revocation,
  REVOKED,
  SOON,
} from './handle-store-under-test.js';

type Under = () => HandleStoreUnderTest;
type Issued = (overrides?: Partial<Handle>) => Promise<Handle>;

/** What every HandleStore must do with handles that descend from handles, and with what binds several together. */
export function handleFamilyContract(under: Under, issued: Issued): void {
  issuingChildren(under, issued);
  orphans(under, issued);
  revokingDescendants(under, issued);
  revokingTogether(under, issued);
}

const aChild = (parent: Handle, overrides: Partial<Handle> = {}): Handle =>
  aHandle({
    parentId: parent.id,
    chainDepth: parent.chainDepth + 1,
    familyId: parent.familyId,
    maxCalls: 10,
    ...overrides,
  });

const chained = (handle: Handle) => ({
  handle,
  use: undefined,
  events: [aHandleIssuedEvent(handle)],
});

function issuingChildren(under: Under, issued: Issued): void {
  it('takes the calls of a child from its parent, and issues no more than are left', async () => {
    const parent = await issued({ maxCalls: 25 });
    const outcomes: string[] = [];
    for (let n = 0; n < 3; n += 1)
      outcomes.push(await under().store.issue(chained(aChild(parent))));
    expect(outcomes).toEqual(['issued', 'issued', 'orphaned']);
    expect((await under().store.findById(parent.id))!.callsUsed).toBe(20);
  });

  it('takes no more calls than the parent has when many children are issued at once', async () => {
    const parent = await issued({ maxCalls: 50 });
    const { store, twin } = under();
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        (n % 2 === 0 ? store : twin).issue(chained(aChild(parent))),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(5);
    expect((await store.findById(parent.id))!.callsUsed).toBe(50);
  });
}

function orphans(under: Under, issued: Issued): void {
  it.each<[string, Partial<Handle>, Partial<Handle>]>([
    ['is revoked', { status: 'revoked' }, {}],
    ['is suspended', { status: 'suspended' }, {}],
    ['has expired', { expiresAt: HANDLE_ISSUED_AT }, { expiresAt: HANDLE_ISSUED_AT }],
    ['ends before the child', { expiresAt: SOON }, {}],
  ])('issues no child of a parent that %s', async (_, ofParent, ofChild) => {
    const { status = 'active', ...life } = ofParent;
    const parent = await issued(status === 'revoked' ? life : { ...life, status });
    if (status === 'revoked') {
      await under().store.revoke(revocation({ scope: 'handle', id: parent.id }));
    }
    const child = aChild(parent, ofChild);
    expect(await under().store.issue(chained(child))).toBe('orphaned');
    expect(await under().store.findById(child.id)).toBeUndefined();
    expect(await under().eventTypes(child.id)).toEqual([]);
  });

  it('issues no child of a parent that does not exist', async () => {
    expect(await under().store.issue(chained(aChild(aHandle())))).toBe('orphaned');
  });
}

function revokingDescendants(under: Under, issued: Issued): void {
  it('A-08, P-08: revokes the descendants of a handle with it, each with its event, and not its parent', async () => {
    const root = await issued({ maxCalls: 100 });
    const child = aChild(root, { maxCalls: 40 });
    const grandchild = aChild(child, { maxCalls: 5 });
    const sibling = aChild(root);
    for (const one of [child, grandchild, sibling]) await under().store.issue(chained(one));
    const revoked = await under().store.revoke(revocation({ scope: 'handle', id: child.id }));
    expect(revoked.map(({ id }) => id).sort()).toEqual([child.id, grandchild.id].sort());
    expect(await under().eventTypes(grandchild.id)).toEqual([ISSUED, REVOKED]);
    expect((await under().store.findById(sibling.id))!.status).toBe('active');
    expect((await under().store.findById(root.id))!.status).toBe('active');
  });

  it('A-08: leaves no live child of a revoked parent, however issue and revocation race', async () => {
    const { store, twin } = under();
    for (let round = 0; round < 5; round += 1) {
      const parent = await issued({ maxCalls: 100 });
      const children = Array.from({ length: 8 }, () => aChild(parent));
      const order = revocation({ scope: 'handle', id: parent.id });
      await Promise.all([
        ...children.map((child) => twin.issue(chained(child))),
        store.revoke(order),
      ]);
      const all = await store.list({ familyId: parent.familyId, limit: 500 });
      expect(all.filter(({ status }) => status !== 'revoked')).toEqual([]);
    }
  });
}

function revokingTogether(under: Under, issued: Issued): void {
  const idsRevokedBy = async (selector: Parameters<typeof revocation>[0]): Promise<string[]> =>
    (await under().store.revoke(revocation(selector))).map(({ id }) => id);

  it('revokes by subject also what the subject only acts in', async () => {
    const actor = { issuer: 'https://idp.test', subject: 'agent' };
    const { id } = await issued({ actors: [actor] });
    await issued();
    expect(await idsRevokedBy({ scope: 'subject', id: subjectIdOf(actor) })).toEqual([id]);
  });

  it('revokes by task the handles of that task of that workload', async () => {
    const mine = await issued({ task: 'settlement-7' });
    await issued({ task: 'settlement-8' });
    const subject = { issuer: 'https://idp.test', subject: 'other', id: 'sub_other' };
    await issued({ task: 'settlement-7', subject });
    const task = { scope: 'task', id: 'settlement-7', subjectId: mine.subject.id } as const;
    expect(await idsRevokedBy(task)).toEqual([mine.id]);
  });

  it('J-32: revokes by key what was exchanged for tokens of that key of that issuer', async () => {
    const { id, subject } = await issued({ subjectTokenKeyId: 'removed' });
    await issued({ subjectTokenKeyId: 'other' });
    const other = { issuer: 'https://other.test', subject: 's', id: 'sub_o' };
    await issued({ subjectTokenKeyId: 'removed', subject: other });
    const key = { scope: 'key', id: 'removed', issuer: subject.issuer } as const;
    expect(await idsRevokedBy(key)).toEqual([id]);
  });

  it('P-08: revokes by grant all but the handles of the grant as it is now', async () => {
    const grant = { id: 'edited', version: 1, digest: 'old', setDigest: 's' };
    const old = await issued({ grant });
    await issued({ grant: { ...grant, digest: 'new' } });
    const edited = { scope: 'grant', id: 'edited', exceptDigest: 'new' } as const;
    expect(await idsRevokedBy(edited)).toEqual([old.id]);
  });

  it('tells what live handles rest on, each once, and nothing of dead ones', async () => {
    const grant = { id: 'g', version: 1, digest: 'd', setDigest: 's' };
    await issued({ grant });
    await issued({ grant });
    const dead = await issued({ grant: { ...grant, id: 'dead' } });
    await under().store.revoke(revocation({ scope: 'handle', id: dead.id }));
    const late = { ...grant, id: 'late' };
    await issued({ grant: late, expiresAt: SOON, subjectTokenKeyId: undefined });
    const rest = { issuer: 'https://idp.test', grantDigest: 'd' };
    expect(await under().store.origins(HANDLE_ISSUED_AT)).toHaveLength(2);
    expect(await under().store.origins(SOON)).toEqual([{ ...rest, keyId: 'key-1', grantId: 'g' }]);
  });
}
