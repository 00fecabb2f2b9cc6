import { type ManagedCredential } from '#credentials';
import { EventFactory, rotationStates } from '#events';
import {
  abandonRotation,
  approveRotation,
  type Intervention,
  isEnded,
  mayFollow,
  reconcileRotation,
  type Rotation,
  RotationRefused,
  rotationKinds,
} from '#rotation';
import { aRotation, FixedClock, rotationTerms, TEST_ROTATED_REF } from '#testing';

const NOW = new Date('2026-11-20T12:05:00Z');
const events = new EventFactory({
  clock: new FixedClock(NOW),
  ...{ environment: 'test', deployment: 'test', component: 'control' },
});
const by = (overrides: Partial<Intervention> = {}): Intervention => ({
  operatorId: 'sub_other',
  isDelegated: false,
  reason: 'a test',
  now: NOW,
  events,
  ...overrides,
});

const credential = (overrides: Partial<ManagedCredential> = {}): ManagedCredential => ({
  ...{ ref: TEST_ROTATED_REF, resource: 'ledger', currentVersion: 1, fallbackVersion: undefined },
  ...{ retiredVersion: 0, epoch: 1, serial: 1, gate: 'open', state: 'active' },
  ...overrides,
});

describe('an approval', () => {
  const waiting = (overrides: Partial<Rotation> = {}): Rotation =>
    aRotation({ approvalsNeeded: 2, dueAt: new Date('2026-11-20T12:30:00Z'), ...overrides });

  it('is counted, and the last one that is needed has it taken up at once', () => {
    const first = approveRotation(waiting(), by());
    expect(first.next).toMatchObject({ approvedBy: ['sub_other'], state: 'requested' });
    expect(first.next.dueAt).toEqual(waiting().dueAt);
    const second = approveRotation(first.next, by({ operatorId: 'sub_third' }));
    expect(second.next).toMatchObject({ approvedBy: ['sub_other', 'sub_third'], dueAt: NOW });
    expect(second.events).toMatchObject([
      {
        type: 'dev.postern.rotation.intervened.v1',
        data: {
          action: 'approve',
          operator_id: 'sub_third',
          approvals: 2,
          approvals_needed: 2,
          state: 'requested',
        },
      },
    ]);
    expect(second.credential).toBeUndefined();
  });

  it.each<[string, Partial<Rotation>, Partial<Intervention>, string]>([
    ['of who asked for it', { initiatorId: 'sub_other' }, {}, 'not_permitted'],
    ['a second time', { approvedBy: ['sub_other'] }, {}, 'not_permitted'],
    ['when it has enough', { approvedBy: ['a', 'b'] }, {}, 'not_now'],
    ['when it needs none', { approvalsNeeded: 0 }, {}, 'not_now'],
    ['when it has begun', { state: 'staged' }, {}, 'not_now'],
    ['after its deadline', { deadlineAt: NOW }, {}, 'not_now'],
  ])('%s is refused', (_, rotation, intervention, refusal) => {
    const attempt = (): unknown => approveRotation(waiting(rotation), by(intervention));
    expect(attempt).toThrow(RotationRefused);
    expect(attempt).toThrow(expect.objectContaining({ refusal }) as Error);
  });
});

describe('abandoning', () => {
  const cases = rotationStates.flatMap((state) =>
    rotationKinds.map((kind): [Rotation['state'], Rotation['kind']] => [state, kind]),
  );

  it.each(cases)(
    'in state %s of kind %s is legal, or refused and nothing is given',
    (state, kind) => {
      const rotation = aRotation({ state, kind });
      const isLegal = mayFollow(state, 'abandoned') && !isEnded(state);
      const isSafe =
        ['requested', 'intake', 'staged', 'quiescing', 'manual_required'].includes(state) ||
        (kind !== 'single_slot' && state !== 'promoting');
      const attempt = (): unknown => abandonRotation(rotation, credential(), by());
      if (isLegal && isSafe) expect(attempt()).toMatchObject({ next: { state: 'abandoned' } });
      else expect(attempt).toThrow(RotationRefused);
    },
  );

  it('ends it, opens the gate, and says who did it and why', () => {
    const rotating = credential({ gate: 'quiescing', state: 'rotating' });
    const quiescing = aRotation({ state: 'quiescing' });
    const { next, credential: change, events: told } = abandonRotation(quiescing, rotating, by());
    expect(next).toMatchObject({
      state: 'abandoned',
      previousState: 'quiescing',
      endedAt: NOW,
      stateSince: NOW,
      errorClass: 'abandoned-by-operator',
    });
    expect(change).toEqual({ gate: 'open', state: 'active' });
    expect(told).toMatchObject([
      {
        data: { action: 'abandon', operator_id: 'sub_other', reason: 'a test', state: 'abandoned' },
      },
      {
        type: 'dev.postern.rotation.abandoned.v1',
        severitytext: 'WARN',
        data: { state: 'abandoned', prev_state: 'quiescing' },
      },
      { type: 'dev.postern.credential.state.v1', data: { state: 'active', current_version: 1 } },
    ]);
  });

  it('leaves a credential alone that holds no calls, and what refusals have said of it', () => {
    const change = (overrides: Partial<ManagedCredential>): unknown =>
      abandonRotation(aRotation(), credential(overrides), by()).credential;
    expect(change({})).toBeUndefined();
    expect(abandonRotation(aRotation(), credential(), by()).events).toHaveLength(2);
    expect(change({ state: 'breaker_open' })).toBeUndefined();
    expect(change({ state: 'breaker_open', gate: 'quiescing' })).toEqual({ gate: 'open' });
    expect(abandonRotation(aRotation(), undefined, by()).credential).toBeUndefined();
  });
});

describe('reconciling by hand', () => {
  it('gives one that asks for an administrator its whole time again', () => {
    const rotation = aRotation({
      state: 'manual_required',
      previousState: 'out_of_sync',
      waits: 3,
    });
    const { next, credential, events: told } = reconcileRotation(rotation, rotationTerms(), by());
    expect(next).toMatchObject({
      state: 'reconciling',
      previousState: 'manual_required',
      waits: 0,
      dueAt: NOW,
      deadlineAt: new Date(NOW.getTime() + 1_800_000),
    });
    expect(credential).toBeUndefined();
    expect(told).toMatchObject([
      { data: { action: 'reconcile', state: 'reconciling' } },
      { type: 'dev.postern.rotation.reconciling.v1', data: { prev_state: 'manual_required' } },
    ]);
  });

  it.each(rotationStates.filter((state) => state !== 'manual_required'))(
    'is refused in state %s',
    (state) => {
      const attempt = (): unknown => reconcileRotation(aRotation({ state }), rotationTerms(), by());
      expect(attempt).toThrow(expect.objectContaining({ refusal: 'not_now' }) as Error);
    },
  );
});
