import { type Handle, type HandleSelector, targetOf } from '#handles';
import { subjectIdOf } from '#identity';
import { secondsAfter } from '#kernel';
import { aHandle, aHandleIssue, aHandleIssuedEvent, aSubjectTokenUse } from './handle-builders.js';
import {
  type HandleStoreUnderTest,
  revocation,
  SOON,
  suspension,
} from './handle-store-under-test.js';

type Under = () => HandleStoreUnderTest;
type Issued = (overrides?: Partial<Handle>) => Promise<Handle>;

const IDP = 'https://idp.test';
const ACTOR = { issuer: IDP, subject: 'agent' };
const NAMED: Partial<Handle> = {
  familyId: 'fam_named',
  subject: { issuer: IDP, subject: 'named', id: 'sub_named' },
  actors: [ACTOR],
  subjectTokenKeyId: 'kid-named',
  grant: { id: 'grant-named', version: 1, digest: 'd', setDigest: 's' },
  resource: 'named',
  task: 'task-named',
};
const OTHER: Partial<Handle> = {
  subject: { issuer: 'https://other.test', subject: 'other', id: 'sub_other' },
};
const SELECTORS: readonly HandleSelector[] = [
  { scope: 'family', id: 'fam_named' },
  { scope: 'subject', id: 'sub_named' },
  { scope: 'subject', id: subjectIdOf(ACTOR) },
  { scope: 'issuer', id: IDP },
  { scope: 'grant', id: 'grant-named' },
  { scope: 'key', id: 'kid-named', issuer: IDP },
  { scope: 'resource', id: 'named' },
  { scope: 'task', id: 'task-named', subjectId: 'sub_named' },
];
const resource = { scope: 'resource', id: 'named' } as const;
const subject = { scope: 'subject', id: 'sub_named' } as const;

const aChild = (parent: Handle, overrides: Partial<Handle> = {}): Handle =>
  aHandle({
    ...{ parentId: parent.id, chainDepth: parent.chainDepth + 1, familyId: parent.familyId },
    ...{ subject: parent.subject, maxCalls: 10 },
    ...overrides,
  });
const chained = (handle: Handle) => ({
  handle,
  use: undefined,
  events: [aHandleIssuedEvent(handle)],
});

/** What every HandleStore must do with suspensions, and with handles that would be issued while one stands. */
export function handleSuspensionContract(under: Under, issued: Issued): void {
  const statusOf = async ({ id }: Handle): Promise<string> =>
    (await under().twin.findById(id))!.status;
  suspending(under, issued, statusOf);
  overlapping(under, issued, statusOf);
  bounded(under, issued, statusOf);
  standing(under, issued);
  racing(under);
}

type StatusOf = (handle: Handle) => Promise<string>;

function suspending(under: Under, issued: Issued, statusOf: StatusOf): void {
  it.each(SELECTORS)('suspends and resumes by %j what it names and nothing else', async (named) => {
    const [handle, other] = [await issued(NAMED), await issued(OTHER)];
    const { control, twin } = under();
    expect(await control.suspend(suspension(named))).toEqual([{ ...handle, status: 'suspended' }]);
    expect([await statusOf(handle), await statusOf(other)]).toEqual(['suspended', 'active']);
    expect(await twin.endedAmong([handle.id, other.id])).toEqual(new Set([handle.id]));
    expect(await control.resume(revocation(named))).toEqual([handle]);
    expect(await statusOf(handle)).toBe('active');
    expect(await under().eventTypes(handle.id)).toHaveLength(3);
  });

  it('suspends and resumes once, however often it is asked', async () => {
    const { control } = under();
    const handle = await issued(NAMED);
    const twice = await Promise.all([
      control.suspend(suspension(resource)),
      control.suspend(suspension(resource)),
    ]);
    expect(twice.flat()).toHaveLength(1);
    expect(await control.resume(revocation(resource))).toHaveLength(1);
    expect(await control.resume(revocation(resource))).toEqual([]);
    expect(await under().eventTypes(handle.id)).toHaveLength(3);
  });

  it('takes the descendants along, also where the selector does not name them', async () => {
    const { store, control } = under();
    const root = await issued(NAMED);
    const child = aChild(root, { resource: 'elsewhere' });
    await store.issue(chained(child));
    await control.suspend(suspension(resource));
    expect(await statusOf(child)).toBe('suspended');
    await control.resume(revocation(resource));
    expect([await statusOf(root), await statusOf(child)]).toEqual(['active', 'active']);
  });

  it('leaves what is revoked revoked, and revokes what is suspended', async () => {
    const { control } = under();
    const [dead, held] = [await issued(NAMED), await issued(NAMED)];
    await control.revoke(revocation({ scope: 'handle', id: dead.id }));
    expect(await control.suspend(suspension(resource))).toHaveLength(1);
    await control.revoke(revocation({ scope: 'handle', id: held.id }));
    expect(await control.resume(revocation(resource))).toEqual([]);
    expect([await statusOf(dead), await statusOf(held)]).toEqual(['revoked', 'revoked']);
  });

  it('leaves a handle that has expired as it is', async () => {
    const handle = await issued(NAMED);
    const late = { at: handle.expiresAt };
    expect(await under().control.suspend(suspension(resource, late))).toEqual([]);
    expect(await statusOf(handle)).toBe('active');
  });
}

function overlapping(under: Under, issued: Issued, statusOf: StatusOf): void {
  it('resumes a handle only when no other suspension names it', async () => {
    const { control } = under();
    const handle = await issued(NAMED);
    for (const one of [resource, subject]) await control.suspend(suspension(one));
    expect(await control.resume(revocation(resource))).toEqual([]);
    expect(await statusOf(handle)).toBe('suspended');
    expect(await control.resume(revocation(subject))).toHaveLength(1);
  });

  it('does not resume a handle that was suspended by itself along with others', async () => {
    const { control } = under();
    const [handle, other] = [await issued(NAMED), await issued(NAMED)];
    const alone = { scope: 'handle', id: handle.id } as const;
    for (const one of [alone, resource]) await control.suspend(suspension(one));
    expect(await control.resume(revocation(resource))).toEqual([other]);
    expect(await control.resume(revocation(alone))).toEqual([handle]);
  });

  it('does not resume a child of a handle that stays suspended', async () => {
    const { store, control } = under();
    const root = await issued(NAMED);
    const child = aChild(root, { resource: 'elsewhere' });
    await store.issue(chained(child));
    for (const one of [resource, subject]) await control.suspend(suspension(one));
    expect(await control.resume(revocation(subject))).toEqual([]);
    expect(await statusOf(child)).toBe('suspended');
    expect(await control.resume(revocation(resource))).toHaveLength(2);
  });
}

function bounded(under: Under, issued: Issued, statusOf: StatusOf): void {
  const within = new Set([IDP]);

  it.each(['revoke', 'suspend'] as const)(
    'bounds a %s to the issuers that are given',
    async (verb) => {
      const { control } = under();
      const mine = await issued(NAMED);
      const other = await issued({ ...NAMED, ...OTHER });
      const changed = await control[verb]({ ...suspension(resource), within });
      expect(changed.map(({ id }) => id)).toEqual([mine.id]);
      expect(await statusOf(other)).toBe('active');
    },
  );

  it('reaches, bounded, a subject that only acts, and none of another issuer', async () => {
    const { store, control } = under();
    const agent = { issuer: 'https://agents.test', subject: 'agent' };
    const acting = { scope: 'subject', id: subjectIdOf(agent) } as const;
    const handle = await issued({ ...NAMED, actors: [ACTOR, agent] });
    const elsewhere = { ...suspension(acting), within };
    expect(await control.suspend(elsewhere)).toEqual([]);
    expect(await control.revoke(elsewhere)).toEqual([]);
    expect(await control.suspend({ ...elsewhere, within: new Set([agent.issuer]) })).toHaveLength(
      1,
    );
    const late = aHandle({ ...NAMED, actors: [agent] });
    expect(await store.issue(aHandleIssue(late))).toBe('suspended');
    expect(await store.issue(aHandleIssue(aHandle(NAMED)))).toBe('issued');
    expect(await statusOf(handle)).toBe('suspended');
    const ended = { ...revocation(acting), within: new Set([agent.issuer]) };
    expect(await control.resume(ended)).toHaveLength(1);
    expect(await control.revoke(ended)).toHaveLength(1);
  });

  it('issues what a bounded suspension does not name, and nothing that it names', async () => {
    const { store, control } = under();
    await control.suspend(suspension(resource, { within }));
    expect(await store.issue(aHandleIssue(aHandle(NAMED)))).toBe('suspended');
    expect(await store.issue(aHandleIssue(aHandle({ ...NAMED, ...OTHER })))).toBe('issued');
  });

  it('lifts no suspension that reaches further than whoever resumes', async () => {
    const { control, suspensions } = under();
    const handle = await issued(NAMED);
    await control.suspend(suspension(resource));
    await control.suspend(suspension(resource, { within }));
    expect(await control.resume({ ...revocation(resource), within })).toEqual([]);
    expect(await suspensions.list({ limit: 10 })).toMatchObject([{ issuers: [] }]);
    expect(await statusOf(handle)).toBe('suspended');
    await control.suspend(suspension(resource, { within }));
    expect(await control.resume(revocation(resource))).toHaveLength(1);
    expect(await suspensions.list({ limit: 10 })).toEqual([]);
  });
}

function standing(under: Under, issued: Issued): void {
  it.each(SELECTORS)(
    'issues nothing that a suspension by %j names, and writes nothing',
    async (one) => {
      const { store, control, uses } = under();
      await control.suspend(suspension(one));
      const late = aHandle(NAMED);
      const use = aSubjectTokenUse();
      expect(await store.issue(aHandleIssue(late, use))).toBe('suspended');
      expect(await store.findById(late.id)).toBeUndefined();
      expect(await uses.find(use.key)).toBeUndefined();
      expect(await under().eventTypes(late.id)).toEqual([]);
      expect(await store.issue(aHandleIssue(aHandle(OTHER)))).toBe('issued');
      await control.resume(revocation(one));
      expect(await store.issue(aHandleIssue(late, use))).toBe('issued');
    },
  );

  it('issues no child that a suspension names, and takes no calls of its parent for it', async () => {
    const { store, control } = under();
    const parent = await issued({ ...NAMED, resource: 'elsewhere' });
    await control.suspend(suspension(resource));
    expect(await store.issue(chained(aChild(parent, { resource: 'named' })))).toBe('suspended');
    expect((await store.findById(parent.id))!.callsUsed).toBe(0);
  });

  it('leaves one of a detection to whoever suspends the same after it, and no other', async () => {
    const { control, suspensions } = under();
    const placedBy = async (initiator: 'policy' | 'admin', initiatorId: string) => {
      await control.suspend(suspension(subject, { initiator, initiatorId }));
      return (await suspensions.list({ limit: 1 }))[0]?.initiatorId;
    };
    for (const id of ['det_1', 'det_2']) expect(await placedBy('policy', id)).toBe(id);
    for (const id of ['sub_one', 'sub_two']) expect(await placedBy('admin', id)).toBe('sub_one');
  });

  it('lists what stands, by target and page by page', async () => {
    const { control, suspensions } = under();
    for (const one of SELECTORS) await control.suspend(suspension(one));
    const targets = SELECTORS.map(targetOf).sort();
    const page = async (after?: string): Promise<string[]> => {
      const filter = { limit: 5, ...(after === undefined ? {} : { after }) };
      return (await suspensions.list(filter)).map(({ target }) => target);
    };
    expect(await page()).toEqual(targets.slice(0, 5));
    expect(await page(targets[4])).toEqual(targets.slice(5));
    expect(await suspensions.list({ limit: 500 })).toContainEqual({
      target: `task:sub_named:task-named`,
      selector: { scope: 'task', id: 'task-named', subjectId: 'sub_named' },
      issuers: [],
      reason: 'a contract test',
      initiator: 'admin',
      initiatorId: 'sub_operator',
      since: SOON,
    });
  });

  it('forgets the suspension of a handle when that has expired, and keeps the others', async () => {
    const { control, suspensions } = under();
    const { id, expiresAt } = await issued(NAMED);
    for (const one of [resource, { scope: 'handle', id } as const]) {
      await control.suspend(suspension(one));
    }
    expect(await suspensions.forgetExpired(secondsAfter(expiresAt, -1))).toBe(0);
    expect(await suspensions.forgetExpired(expiresAt)).toBe(1);
    expect(await suspensions.list({ limit: 5 })).toMatchObject([{ target: 'resource:named' }]);
  });

  it('lets no suspension stand of a handle that is not there', async () => {
    const { control, suspensions } = under();
    await control.suspend(suspension({ scope: 'handle', id: 'hdl_none' }));
    expect(await suspensions.list({ limit: 5 })).toEqual([]);
  });
}

function racing(under: Under): void {
  it('leaves nothing active that was issued while it was suspended, however the two race', async () => {
    const { store, twin, control } = under();
    for (let round = 0; round < 6; round += 1) {
      const id = `sub_round_${round}`;
      const mine = { subject: { issuer: IDP, subject: id, id } };
      const issue = (n: number): Promise<string> =>
        (n % 2 === 0 ? store : twin).issue(aHandleIssue(aHandle(mine)));
      const [outcomes] = await Promise.all([
        Promise.all(Array.from({ length: 6 }, (_, n) => issue(n))),
        control.suspend(suspension({ scope: 'subject', id })),
      ]);
      const all = await store.list({ subjectId: id, limit: 500 });
      expect(all).toHaveLength(outcomes.filter((outcome) => outcome === 'issued').length);
      expect(all.filter(({ status }) => status === 'active')).toEqual([]);
    }
  });
}
