import { type CommandRejection } from '#events';
import { DependencyUnavailable } from '#kernel';
import { SignalsUnderTest } from '#testing';

const ACCEPTED = 'dev.postern.command.accepted.v1';
const REJECTED = 'dev.postern.command.rejected.v1';

let under: SignalsUnderTest;
beforeEach(async () => {
  under = await SignalsUnderTest.create();
  await under.issue('hdl_1');
});
const rejections = (): CommandRejection[] =>
  under.journal.of(REJECTED).map(({ rejection }) => rejection);

describe('a command to rotate', () => {
  const ledger = { scope: 'resource', id: 'ledger' } as const;
  const KEY = 'resource:ledger';
  const JWE = 'eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.aa.bb.cc.dd';

  it('begins a rotation, written together with the event of the command', async () => {
    await under.arrive(await under.command('rotate', ledger, { jti: 'one' }), KEY, 7);
    const [order] = under.rotations.orders;
    expect(order).toMatchObject({
      ...{ resource: 'ledger', origin: 'generated', trigger: 'admin', reason: 'a test' },
      ...{ sealedToken: undefined, initiatorId: 'signals/corp' },
      occurrence: expect.stringMatching(/^command:/) as unknown,
    });
    expect(under.journal.of(ACCEPTED)).toMatchObject([
      {
        ...{ action: 'rotate', target: KEY, command_jti: 'one', handles: 0 },
        rotation_id: expect.stringMatching(/^rot_/) as unknown,
        place: { partition: 3, offset: '7' },
      },
    ]);
    expect(under.idsWith('active')).toContain('hdl_1');
  });

  it('hands a sealed wrapping token over, which no event holds', async () => {
    const event = { ...ledger, origin: 'wrapped', trigger: 'compromise', wrapped_token: JWE };
    await under.arrive(await under.command('rotate', event), KEY);
    const [order] = under.rotations.orders;
    expect(order).toMatchObject({ origin: 'wrapped', trigger: 'compromise', sealedToken: JWE });
    expect(JSON.stringify(under.journal.events)).not.toContain(JWE);
  });

  it('may be pushed', async () => {
    await under.push(await under.command('rotate', ledger));
    expect(under.rotations.orders).toHaveLength(1);
    expect(under.journal.of(ACCEPTED)).toMatchObject([{ pushed_by: 'sub_pusher' }]);
  });

  it('that comes again begins no other, also when the first one has ended', async () => {
    const set = await under.command('rotate', ledger);
    await under.arrive(set, KEY, 1);
    under.rotations.isActive = false;
    await under.arrive(set, KEY, 1);
    expect(rejections()).toEqual([]);
    await under.arrive(set, KEY, 2);
    await under.push(set);
    expect(under.rotations.orders).toHaveLength(1);
    expect(rejections()).toEqual(['replayed']);
  });

  it('whose receipt was lost in a crash begins no other, and has its receipt then', async () => {
    const set = await under.command('rotate', ledger);
    await under.arrive(set, KEY, 1);
    under.records.orders.receipts.clear();
    under.rotations.isActive = false;
    await under.arrive(set, KEY, 1);
    await under.arrive(set, KEY, 2);
    expect(under.rotations.orders).toHaveLength(1);
    expect(under.journal.of(ACCEPTED)).toHaveLength(1);
    expect(rejections()).toEqual(['replayed']);
  });

  it.each<[CommandRejection, string, object, string?]>([
    ['malformed', 'of a handle', { scope: 'handle', id: 'hdl_1' }, 'handle:hdl_1'],
    ['malformed', 'with a member of another command', { ...ledger, subject_id: 'sub_1' }],
    ['malformed', 'with a member too many', { ...ledger, force: true }],
    ['malformed', 'of a version in Vault', { ...ledger, origin: 'vault' }],
    ['malformed', 'with a trigger of others', { ...ledger, trigger: 'schedule' }],
    ['malformed', 'wrapped without a token', { ...ledger, origin: 'wrapped' }],
    ['malformed', 'generated with a token', { ...ledger, wrapped_token: JWE }],
    [
      'malformed',
      'with a token that is not encrypted',
      { ...ledger, origin: 'wrapped', wrapped_token: `hvs.${'A'.repeat(24)}` },
    ],
    [
      'malformed',
      'with a token that is too long',
      { ...ledger, origin: 'wrapped', wrapped_token: `${JWE}${'d'.repeat(4096)}` },
    ],
    ['malformed', 'without a reason', { ...ledger, reason: undefined }],
    ['wrong_key', 'under another key', ledger, 'resource:archive'],
    [
      'unknown_target',
      'of what is not rotated',
      { scope: 'resource', id: 'archive' },
      'resource:archive',
    ],
  ])('as %s, %s, begins nothing and leaves an event', async (rejection, _, event, key = KEY) => {
    await under.arrive(await under.command('rotate', { ...event }), key);
    expect(under.rotations.orders).toEqual([]);
    expect(rejections()).toEqual([rejection]);
    expect(JSON.stringify(under.journal.events)).not.toContain('hvs.');
  });

  it('while another has not ended is refused, and may be carried out later', async () => {
    under.rotations.isActive = true;
    const set = await under.command('rotate', ledger);
    await under.arrive(set, KEY, 1);
    expect(under.journal.of(REJECTED)).toMatchObject([
      { rejection: 'not_possible', action: 'rotate', detail: 'another one has not ended' },
    ]);
    under.rotations.isActive = false;
    await under.arrive(set, KEY, 2);
    expect(under.rotations.orders).toHaveLength(1);
  });

  it.each([
    [{ actions: ['revoke'], scopes: ['resource'] }],
    [{ actions: ['rotate'], scopes: ['family'] }],
    ['nothing' as const],
  ])('is not allowed to who may command %j', async (rights) => {
    under = await SignalsUnderTest.create(rights);
    await under.arrive(await under.command('rotate', ledger), KEY);
    expect(under.rotations.orders).toEqual([]);
    expect(rejections()).toEqual(['not_allowed']);
  });

  it('waits while nothing can be written', async () => {
    const set = await under.command('rotate', ledger);
    under.journal.setReachable(false);
    await expect(under.arrive(set, KEY, 1)).rejects.toThrow(DependencyUnavailable);
    under.journal.setReachable(true);
    await under.arrive(set, KEY, 1);
    expect(under.rotations.orders).toHaveLength(1);
  });
});
