import { type CommandRejection } from '#events';
import { type Handle, type HandleSelector, targetOf } from '#handles';
import { DependencyUnavailable, epochSeconds } from '#kernel';
import { commandClaims, SignalsUnderTest, subjectOf, TEST_NOW, TestIssuer } from '#testing';

const ACCEPTED = 'dev.postern.command.accepted.v1';
const REJECTED = 'dev.postern.command.rejected.v1';
const STATE = 'dev.postern.revocation.state.v1';
const IDP = 'https://idp.test';
const OTHER = 'https://other.test';
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const family = { scope: 'family', id: 'fam_1' } as const;
const KEY = 'family:fam_1';

let under: SignalsUnderTest;
let handle: Handle;
beforeEach(async () => {
  under = await SignalsUnderTest.create();
  handle = await under.issue('hdl_1', { familyId: 'fam_1', task: 'task-1' });
  await under.issue('hdl_2', { subject: subjectOf('workload-2'), resource: 'archive' });
});

const rejections = (): CommandRejection[] =>
  under.journal.of(REJECTED).map(({ rejection }) => rejection);
const nothingHappened = (): void => {
  expect(under.idsWith('active')).toContain('hdl_1');
  expect(under.idsWith('revoked')).toEqual([]);
  expect(under.journal.of(ACCEPTED)).toEqual([]);
};

describe('a signed command on its topic', () => {
  it.each<HandleSelector>([
    { scope: 'handle', id: 'hdl_1' },
    family,
    { scope: 'subject', id: subjectOf('workload-1').id },
    { scope: 'key', id: 'key-1', issuer: IDP },
    { scope: 'resource', id: 'ledger' },
    { scope: 'task', id: 'task-1', subjectId: subjectOf('workload-1').id },
  ])('does what it says to %j', async (selector) => {
    const { issuer, subjectId, ...rest } = { issuer: undefined, subjectId: undefined, ...selector };
    const event = {
      ...rest,
      ...(issuer === undefined ? {} : { issuer }),
      ...(subjectId === undefined ? {} : { subject_id: subjectId }),
    };
    await under.arrive(await under.command('revoke', event, { jti: 'one' }), targetOf(selector), 7);
    expect(under.idsWith('revoked')).toContain('hdl_1');
    expect(under.journal.of(ACCEPTED)).toMatchObject([
      {
        issuer: 'signals/corp',
        command_jti: 'one',
        target: targetOf(selector),
        action: 'revoke',
        reason: 'a test',
        place: { partition: 3, offset: '7' },
      },
    ]);
  });

  it('suspends and resumes, tells each handle who asked, and the target once each', async () => {
    await under.arrive(await under.command('suspend', family), KEY);
    expect(under.idsWith('suspended')).toEqual(['hdl_1']);
    await under.arrive(await under.command('resume', family), KEY);
    expect(under.idsWith('suspended')).toEqual([]);
    expect(under.journal.of('dev.postern.handle.suspended.v1')).toMatchObject([
      { initiator: 'command', initiator_id: 'signals/corp', reason: 'a test', scope: 'family' },
    ]);
    expect(under.journal.of('dev.postern.handle.resumed.v1')).toHaveLength(1);
    expect(under.journal.of(STATE)).toMatchObject([
      { action: 'suspended', ...family, handles: 1, until: epochSeconds(handle.expiresAt) },
      { action: 'resumed', ...family, handles: 1 },
    ]);
  });

  it('reaches no handle of an issuer that its transmitter may not speak of', async () => {
    await under.issue('hdl_3', { subject: subjectOf('x', OTHER) });
    const set = await under.command('revoke', { scope: 'resource', id: 'ledger' });
    await under.arrive(set, 'resource:ledger');
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(under.idsWith('active')).toContain('hdl_3');
  });

  it('may be a CAEP event, under any key', async () => {
    const sub_id = { format: 'iss_sub', iss: IDP, sub: 'workload-1' };
    await under.arrive(await under.mint({ sub_id, events: { [REVOKED]: {} } }), undefined, 9);
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(under.journal.of('dev.postern.signal.accepted.v1')).toMatchObject([
      { outcome: 'revoked', revoked: 1, pushed_by: 'postern.command.v1/3/9' },
    ]);
  });
});

describe('a command that comes again', () => {
  it('is done once, also for handles that were issued meanwhile, and is recorded as a replay', async () => {
    const set = await under.command('revoke', family);
    await under.arrive(set, KEY, 1);
    await under.issue('hdl_4', { familyId: 'fam_1' });
    await under.arrive(set, KEY, 2);
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(rejections()).toEqual(['replayed']);
  });

  it('as the same record, after a crash, is no replay', async () => {
    const set = await under.command('revoke', family);
    await under.arrive(set, KEY, 1);
    await under.arrive(set, KEY, 1);
    expect(under.journal.of(ACCEPTED)).toHaveLength(1);
    expect(rejections()).toEqual([]);
  });

  it('by push after it came by Kafka does nothing, and the other way round', async () => {
    const [one, two] = [
      await under.command('revoke', family),
      await under.command('revoke', { scope: 'subject', id: subjectOf('workload-2').id }),
    ];
    await under.arrive(one, KEY);
    await under.issue('hdl_4', { familyId: 'fam_1' });
    await under.push(one);
    await under.push(two);
    await under.issue('hdl_5', { subject: subjectOf('workload-2') });
    await under.arrive(two, `subject:${subjectOf('workload-2').id}`);
    expect(under.idsWith('active').sort()).toEqual(['hdl_4', 'hdl_5']);
    expect(rejections()).toEqual(['replayed']);
  });
});

describe('a command that is refused', () => {
  const cases: [CommandRejection, string, () => Promise<string | undefined>, string?][] = [
    ['malformed', 'no value', async () => undefined],
    ['malformed', 'no token', async () => 'revoke everything'],
    ['malformed', 'another typ', () => under.mint(commandClaims('revoke', family), { typ: 'JWT' })],
    ['malformed', 'no such action', () => under.command('delete', family)],
    ['malformed', 'no such scope', () => under.command('revoke', { ...family, scope: 'all' })],
    ['malformed', 'no reason', () => under.command('revoke', { ...family, reason: undefined })],
    [
      'malformed',
      'a long reason',
      () => under.command('revoke', { ...family, reason: 'x'.repeat(257) }),
    ],
    [
      'malformed',
      'an unprintable reason',
      () => under.command('revoke', { ...family, reason: 'a\nb' }),
    ],
    ['malformed', 'an unprintable id', () => under.command('revoke', { ...family, id: 'a\u0000' })],
    ['malformed', 'a member too many', () => under.command('revoke', { ...family, force: true })],
    ['malformed', 'an issuer', () => under.command('revoke', { ...family, issuer: IDP })],
    ['malformed', 'a key without issuer', () => under.command('revoke', { scope: 'key', id: 'k' })],
    [
      'malformed',
      'a sub_id',
      () =>
        under.command('revoke', family, {
          sub_id: { format: 'iss_sub', iss: IDP, sub: 'workload-1' },
        }),
    ],
    ['malformed', 'an exp', () => under.command('revoke', family, { exp: 4_000_000_000 })],
    ['malformed', 'no jti', () => under.command('revoke', family, { jti: undefined })],
    [
      'malformed',
      'an iat in the future',
      () => under.command('revoke', family, { iat: epochSeconds(TEST_NOW) + 31 }),
    ],
    ['unsigned', 'alg none', () => under.mint(commandClaims('revoke', family), { alg: 'none' })],
    [
      'unsigned',
      'no signature',
      async () => (await under.command('revoke', family)).replace(/[^.]+$/, ''),
    ],
    ['invalid_issuer', 'another iss', () => under.command('revoke', family, { iss: IDP })],
    ['invalid_key', 'another kid', () => under.mint(commandClaims('revoke', family), { kid: 'x' })],
    ['invalid_key', 'another key', () => forged()],
    ['invalid_audience', 'another aud', () => under.command('revoke', family, { aud: IDP })],
    [
      'expired',
      'an old iat',
      () => under.command('revoke', family, { iat: epochSeconds(TEST_NOW) - 86_401 }),
    ],
    ['wrong_key', 'no record key', () => under.command('revoke', family), 'none'],
    ['wrong_key', 'another record key', () => under.command('revoke', family), 'family:fam_2'],
    [
      'not_allowed',
      'another issuer',
      () => under.command('revoke', { scope: 'issuer', id: OTHER }),
    ],
    [
      'not_allowed',
      'a key of another issuer',
      () => under.command('revoke', { scope: 'key', id: 'key-1', issuer: OTHER }),
    ],
    [
      'unknown_target',
      'no such family',
      () => under.command('revoke', { scope: 'family', id: 'fam_none' }),
      'family:fam_none',
    ],
    [
      'unknown_target',
      'no such handle',
      () => under.command('revoke', { scope: 'handle', id: 'hdl_none' }),
      'handle:hdl_none',
    ],
  ];
  const forged = async (): Promise<string> => {
    const { issuer, keyId } = under.transmitter;
    const forger = await TestIssuer.create({ issuer, keyId, clock: under.clock });
    const claims = under.claims(commandClaims('revoke', family));
    return forger.mint(claims, { typ: 'secevent+jwt' });
  };

  it.each(cases)(
    'as %s, for %s, changes nothing and leaves an event',
    async (rejection, _, make, ...rest) => {
      const [key = KEY] = rest;
      await under.arrive(await make(), key, 5);
      nothingHappened();
      expect(under.journal.of(REJECTED)).toMatchObject([
        { rejection, place: { partition: 3, offset: '5' } },
      ]);
    },
  );

  it('is not told apart by whether its target is not there or of another issuer', async () => {
    await under.issue('hdl_3', { subject: subjectOf('x', OTHER), familyId: 'fam_3' });
    for (const [scope, ...ids] of [
      ['handle', 'hdl_3', 'hdl_none'],
      ['family', 'fam_3', 'fam_none'],
    ] as const) {
      for (const id of ids) {
        await under.arrive(await under.command('revoke', { scope, id }), `${scope}:${id}`);
        under.clock.advance(1);
      }
    }
    const told = under.journal.of(REJECTED).map(({ rejection, detail }) => [rejection, detail]);
    expect(told[0]).toEqual(told[1]);
    expect(told[2]).toEqual(told[3]);
    expect(under.idsWith('active')).toHaveLength(3);
  });

  it.each([
    [{ actions: ['suspend'], scopes: ['family'] }],
    [{ actions: ['revoke'], scopes: ['handle'] }],
    ['nothing' as const],
  ])('when its transmitter may command %j', async (rights) => {
    under = await SignalsUnderTest.create(rights);
    await under.issue('hdl_1', { familyId: 'fam_1' });
    await under.arrive(await under.command('revoke', family), KEY);
    nothingHappened();
    expect(under.journal.of(REJECTED)).toMatchObject([
      { rejection: 'not_allowed', detail: 'signals/corp may not revoke by family', target: KEY },
    ]);
  });

  it('by push is answered as RFC 8935 has it', async () => {
    const notAllowed = under.push(await under.command('revoke', { scope: 'issuer', id: OTHER }));
    await expect(notAllowed).rejects.toMatchObject({ err: 'access_denied' });
    const unknown = under.push(await under.command('revoke', { scope: 'family', id: 'fam_none' }));
    await expect(unknown).rejects.toMatchObject({ err: 'invalid_request' });
    nothingHappened();
    expect(under.journal.of(REJECTED)).toMatchObject([
      { rejection: 'not_allowed', pushed_by: 'sub_pusher' },
      { rejection: 'unknown_target' },
    ]);
  });

  it('is summed up when many like it come: the first at once, the others as one a second', async () => {
    for (let n = 0; n < 500; n += 1) await under.arrive('not a token', KEY);
    expect(rejections()).toEqual(['malformed']);
    under.clock.advance(1);
    await under.fromKafka.flushDue();
    expect(under.journal.of(REJECTED)).toMatchObject([{}, { rejection: 'malformed', count: 499 }]);
  });
});

describe('a command that cannot be carried out now', () => {
  it.each(['records', 'journal'] as const)('waits while the %s cannot be reached', async (away) => {
    const set = await under.command('revoke', family);
    under[away].setReachable(false);
    await expect(under.arrive(set, KEY, 1)).rejects.toThrow(DependencyUnavailable);
    under[away].setReachable(true);
    nothingHappened();
    await under.arrive(set, KEY, 1);
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(under.journal.of(ACCEPTED)).toHaveLength(1);
  });

  it('is not passed either when its refusal cannot be recorded', async () => {
    under.journal.setReachable(false);
    await expect(under.arrive('not a token', KEY)).rejects.toThrow(DependencyUnavailable);
  });
});
