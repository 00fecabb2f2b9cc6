import { EventFactory } from '#events';
import { DependencyUnavailable } from '#kernel';
import {
  type Rotation,
  type RotationOrder,
  RotationRefused,
  type RotationTerms,
  RequestRotation,
  type WrapIntake,
} from '#rotation';
import {
  FixedClock,
  InMemoryCredentialBook,
  InMemoryRotationStore,
  InMemoryRotationWorld,
  rotationTerms,
  TEST_ROTATED_REF,
} from '#testing';

/** A Sunday. */
const NOW = new Date('2026-11-22T12:00:00Z');
const HOUR_MS = 3_600_000;

let clock: FixedClock;
let world: InMemoryRotationWorld;
let events: EventFactory;
beforeEach(async () => {
  clock = new FixedClock(NOW);
  world = new InMemoryRotationWorld(clock);
  events = new EventFactory({
    clock,
    environment: 'test',
    deployment: 'test',
    component: 'control',
  });
  const managed = { ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 };
  await new InMemoryCredentialBook(world).adopt(managed, []);
});

const wrapped = {
  creationPath: 'secret/data/intake/ledger',
  ttlSecondsMax: 900,
  ageSecondsMax: 900,
};
const aWrap: WrapIntake = {
  sealedToken: 'a.b.c.d.e',
  fingerprint: 'f'.repeat(32),
  told: undefined,
  unwrapStartedAt: undefined,
};
const anOrder = (overrides: Partial<RotationOrder> = {}): RotationOrder => ({
  resource: 'ledger',
  origin: 'generated',
  trigger: 'admin',
  initiatorId: 'sub_operator',
  reason: 'a test',
  correlationId: 'req_1',
  ...overrides,
});
const ofVault: Partial<RotationOrder> = { origin: 'vault', trigger: 'vault_change', toVersion: 5 };

function requests(terms: Partial<RotationTerms> = {}): RequestRotation {
  const parts = {
    store: new InMemoryRotationStore(world),
    book: new InMemoryCredentialBook(world),
    terms: new Map([['ledger', rotationTerms(terms)]]),
  };
  return new RequestRotation({ ...parts, events, clock });
}
async function requested(
  order: Partial<RotationOrder>,
  terms: Partial<RotationTerms> = {},
): Promise<Rotation> {
  const outcome = await requests(terms).request(anOrder(order));
  if (outcome.kind !== 'requested') throw new Error(outcome.kind);
  return outcome.rotation;
}

describe('a rotation that is asked for', () => {
  it('is stored with all that the rotator needs, and with its event', async () => {
    const rotation = await requested({});
    expect(rotation).toMatchObject({
      id: expect.stringMatching(/^rot_[A-Za-z0-9]{22}$/) as unknown,
      ref: TEST_ROTATED_REF,
      resource: 'ledger',
      kind: 'single_slot',
      origin: 'generated',
      trigger: 'admin',
      state: 'requested',
      token: expect.stringMatching(/^[0-9a-f]{8}-/) as unknown,
      fromVersion: 4,
      dueAt: NOW,
      deadlineAt: new Date(NOW.getTime() + 1_800_000),
      approvalsNeeded: 0,
      initiatorId: 'sub_operator',
      requestedAt: NOW,
    });
    expect(world.rotations.get(rotation.id)?.rotation).toEqual(rotation);
    expect(world.journal.events).toMatchObject([
      {
        type: 'dev.postern.rotation.requested.v1',
        partitionkey: 'ledger',
        correlationid: 'req_1',
        data: { rotation_id: rotation.id, state: 'requested', from_version: 4 },
      },
    ]);
  });

  it('with a wrapping token is told of with its fingerprint, and never with the token', async () => {
    const rotation = await requested({ origin: 'wrapped', wrap: aWrap }, { wrapped });
    expect(rotation.wrap).toEqual(aWrap);
    expect(world.journal.of('dev.postern.wrap.received.v1')).toEqual([
      {
        rotation_id: rotation.id,
        resource: 'ledger',
        wrap_accessor_fp: aWrap.fingerprint,
        expected_path: wrapped.creationPath,
        verdict: 'pending',
      },
    ]);
    expect(JSON.stringify(world.journal.events)).not.toContain(aWrap.sealedToken);
  });

  it('because a version appeared changes nothing at the legacy system', async () => {
    const rotation = await requested(ofVault, { kind: 'dual_slot' });
    expect(rotation).toMatchObject({ kind: 'external', toVersion: 5, fromVersion: 4 });
  });

  it.each([4, 3])('for version %d, which calls use or have used, is none', async (toVersion) => {
    expect(await requests().request(anOrder({ ...ofVault, toVersion }))).toEqual({
      kind: 'repeated',
    });
    expect(world.rotations.size).toBe(0);
  });

  it('waits for the one that has not ended', async () => {
    await requested({});
    expect(await requests().request(anOrder())).toEqual({ kind: 'active' });
    expect(world.journal.events).toHaveLength(1);
  });

  it('happens once for each occurrence, and as often as it is asked for without one', async () => {
    const first = await requested({ occurrence: 'schedule:1' });
    const end = (id: string): void => {
      const stored = world.rotations.get(id)!;
      stored.rotation = { ...stored.rotation, state: 'done' };
    };
    end(first.id);
    const again = await requests().request(anOrder({ occurrence: 'schedule:1' }));
    expect(again).toEqual({ kind: 'repeated' });
    end((await requested({})).id);
    await requested({});
    expect(world.rotations.size).toBe(3);
  });

  it('has further events written with it, or neither', async () => {
    const told = (rotation: Rotation) => [
      events.create('dev.postern.rotation.abandoned.v1', {
        ...{ subject: 'x', partitionKey: 'x', correlationId: rotation.id },
        data: {} as never,
      }),
    ];
    await requests().request(anOrder(), told);
    expect(world.journal.events).toHaveLength(2);
    world.rotations.clear();
    world.journal.setReachable(false);
    await expect(requests().request(anOrder(), told)).rejects.toThrow(DependencyUnavailable);
    expect(world.rotations.size).toBe(0);
  });
});

describe('a rotation is refused', () => {
  it.each<[string, Partial<RotationOrder>, Partial<RotationTerms>, string]>([
    ['of a resource that has none', { resource: 'archive' }, {}, 'unknown_resource'],
    ['that Postern cannot make', {}, { kind: 'external' }, 'origin_not_allowed'],
    [
      'with a token where none is taken',
      { origin: 'wrapped', wrap: aWrap },
      {},
      'origin_not_allowed',
    ],
    ['wrapped, without a token', { origin: 'wrapped' }, { wrapped }, 'origin_not_allowed'],
    [
      'wrapped, with one that was used up',
      { origin: 'wrapped', wrap: { ...aWrap, sealedToken: undefined } },
      { wrapped },
      'origin_not_allowed',
    ],
    ['generated, with a token', { wrap: aWrap }, { wrapped }, 'origin_not_allowed'],
    ['generated, with a version', { toVersion: 5 }, {}, 'origin_not_allowed'],
    [
      'of Vault without a version',
      { ...ofVault, toVersion: undefined as never },
      {},
      'origin_not_allowed',
    ],
  ])('%s', async (_, order, terms, refusal) => {
    const attempt = requests(terms).request(anOrder(order));
    await expect(attempt).rejects.toThrow(RotationRefused);
    await expect(attempt).rejects.toMatchObject({ refusal });
    expect([world.rotations.size, world.journal.events.length]).toEqual([0, 0]);
  });

  it.each(['generated', 'wrapped', 'vault'] as const)(
    'when no version is in hand (%s), and says what to look at',
    async (origin) => {
      world.credentials.clear();
      const order = {
        generated: {},
        wrapped: { origin: 'wrapped', wrap: aWrap } as const,
        vault: ofVault,
      }[origin];
      const attempt = requests({ wrapped }).request(anOrder(order));
      await expect(attempt).rejects.toMatchObject({ refusal: 'not_in_hand' });
      await expect(attempt).rejects.toThrow('secret/ledger/settlement');
    },
  );
});

describe('approvals', () => {
  const schedule = { cron: '0 12 * * 0', timezone: 'UTC', windowMs: 2 * HOUR_MS };

  it.each([
    ['its window', schedule, false],
    ['another time', { ...schedule, cron: '0 9 * * 0' }, true],
    ['a resource without a schedule', undefined, undefined],
  ])('are told with whether it is the time: %s', async (_, planned, outside) => {
    const terms = planned === undefined ? {} : { schedule: planned };
    await requested({}, { ...terms, breakGlassApprovals: 0 });
    const [event] = world.journal.of('dev.postern.rotation.requested.v1');
    expect(event).toMatchObject({ approvals_needed: 0 });
    expect(event?.outside_window).toBe(outside);
  });

  it.each<[string, Partial<RotationOrder>, Partial<RotationTerms>, number]>([
    ['are none for an operator without a schedule', {}, {}, 0],
    ['are none for an operator within the window', {}, { schedule }, 0],
    [
      'are needed for an operator outside of the window',
      {},
      { schedule: { ...schedule, cron: '0 9 * * 0' } },
      2,
    ],
    [
      'are needed for a detection outside of the window',
      { trigger: 'detection' },
      { schedule: { ...schedule, cron: '0 9 * * 0' } },
      2,
    ],
    ['are needed after a compromise, also within it', { trigger: 'compromise' }, { schedule }, 2],
    ['are needed after a compromise without a schedule', { trigger: 'compromise' }, {}, 2],
    [
      'are none for a schedule',
      { trigger: 'schedule' },
      { schedule: { ...schedule, cron: '0 9 * * 0' } },
      0,
    ],
    [
      'are none for a version that appeared',
      ofVault,
      { schedule: { ...schedule, cron: '0 9 * * 0' } },
      0,
    ],
  ])('%s', async (_, order, terms, needed) => {
    const rotation = await requested(order, { ...terms, breakGlassApprovals: 2 });
    expect(rotation.approvalsNeeded).toBe(needed);
    expect(rotation.dueAt).toEqual(needed === 0 ? NOW : rotation.deadlineAt);
  });

  it('are none where none are asked for', async () => {
    const rotation = await requested({ trigger: 'compromise' }, { breakGlassApprovals: 0 });
    expect([rotation.approvalsNeeded, rotation.dueAt]).toEqual([0, NOW]);
  });
});
