import { type Handle } from '#handles';
import { aCaller, aFormRequest, ExchangeUnderTest, type FormParameters } from '#testing';
import { Form } from './form.js';

const REVOKED = 'dev.postern.handle.revoked.v1';
const TASK = 'close/2026-11';

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const revoke = (parameters: FormParameters): Promise<void> =>
  sts.server.revocation.revoke(Form.parse(aFormRequest(parameters)), aCaller());

/** By name: handles of a family and a task each, and one of another workload. */
async function issuedHandles() {
  const other = { issuer: sts.issuer.issuer, subject: 'workload-2', id: 'sub_2' };
  const of = (overrides: Partial<Handle>) => sts.issued({ familyId: 'fam_1', ...overrides });
  return {
    presented: await of({ task: TASK }),
    sibling: await of({ task: 'another' }),
    ofTheTask: await of({ task: TASK, familyId: 'fam_2' }),
    withoutTask: await of({ familyId: 'fam_3' }),
    likeNamed: await of({ task: `${TASK}x`, familyId: 'fam_4' }),
    ofAnother: await of({ task: TASK, familyId: 'fam_5', subject: other }),
  };
}
type Issued = Awaited<ReturnType<typeof issuedHandles>>;

const revokedOf = (issued: Issued): string[] =>
  Object.entries(issued)
    .filter(([, { handle }]) => sts.records.handles.get(handle.id)!.status === 'revoked')
    .map(([name]) => name);

describe('a handle that is revoked with its', () => {
  it.each<[string, (keyof Issued)[]]>([
    ['handle', ['presented']],
    ['family', ['presented', 'sibling']],
    ['task', ['presented', 'ofTheTask']],
  ])('R-03: %s takes those and no others', async (cascade, expected) => {
    const issued = await issuedHandles();
    await revoke({ token: issued.presented.plaintext, cascade });
    expect(revokedOf(issued)).toEqual(expected);
    expect(sts.journal.of(REVOKED)).toHaveLength(expected.length);
    expect(sts.journal.of(REVOKED)[0]).toMatchObject({
      scope: cascade,
      initiator: 'subject',
      initiator_id: issued.presented.handle.id,
    });
  });

  it('R-03: is that one alone when nothing more is asked for', async () => {
    for (const cascade of [undefined, '']) {
      const issued = await issuedHandles();
      await revoke({ token: issued.presented.plaintext, cascade });
      expect(revokedOf(issued)).toEqual(['presented']);
    }
  });

  it('R-03: is that one alone when the handle has no task', async () => {
    const issued = await issuedHandles();
    await revoke({ token: issued.withoutTask.plaintext, cascade: 'task' });
    expect(revokedOf(issued)).toEqual(['withoutTask']);
  });

  it('P-08: takes what descends from any of them', async () => {
    const issued = await issuedHandles();
    const parentId = issued.ofTheTask.handle.id;
    const child = await sts.issued({ parentId, chainDepth: 1, familyId: 'fam_2' });
    await revoke({ token: issued.presented.plaintext, cascade: 'task' });
    expect((await sts.handles.findById(child.handle.id))!.status).toBe('revoked');
  });

  it.each(['family', 'task'])(
    'R-09: %s makes one event of each, however often',
    async (cascade) => {
      const { presented } = await issuedHandles();
      const again = () => revoke({ token: presented.plaintext, cascade });
      await Promise.all(Array.from({ length: 10 }, again));
      await again();
      expect(sts.journal.of(REVOKED)).toHaveLength(2);
    },
  );
});

describe.each(['family', 'task'])('a dead handle, asked to take its %s along,', (cascade) => {
  it.each([
    ['is revoked', () => ({ status: 'revoked' as const })],
    ['has expired', () => ({ expiresAt: sts.clock.now() })],
    ['is suspended', () => ({ status: 'suspended' as const })],
  ])('takes no other one with it: it %s', async (_, change) => {
    const issued = await issuedHandles();
    const { handle, plaintext: token } = issued.presented;
    sts.records.handles.set(handle.id, { ...handle, ...change() });
    await revoke({ token, cascade });
    expect(revokedOf(issued).filter((name) => name !== 'presented')).toEqual([]);
  });

  it('R-03: is revoked itself when it is suspended: it could be resumed', async () => {
    const issued = await issuedHandles();
    const { handle, plaintext: token } = issued.presented;
    sts.records.handles.set(handle.id, { ...handle, status: 'suspended' });
    await revoke({ token, cascade });
    expect(revokedOf(issued)).toEqual(['presented']);
  });
});

it.each(['all', 'subject', 'Task', 'task ', 'grant', 'family,task'])(
  'refuses a cascade that is not known, and revokes nothing: %j',
  async (cascade) => {
    const issued = await issuedHandles();
    const attempt = revoke({ token: issued.presented.plaintext, cascade });
    await expect(attempt).rejects.toMatchObject({ code: 'invalid_request' });
    expect(revokedOf(issued)).toEqual([]);
  },
);

it('refuses two cascades in one request, and revokes nothing', async () => {
  const issued = await issuedHandles();
  const attempt = revoke({ token: issued.presented.plaintext, cascade: ['handle', 'family'] });
  await expect(attempt).rejects.toMatchObject({ code: 'invalid_request' });
  expect(revokedOf(issued)).toEqual([]);
});
