import { RotationLeaseLost } from './rotation-store.js';
import {
  InMemoryLoginBudget,
  legacyFields,
  ROTATION_REQUESTED_AT,
  RotationRig,
  TEST_ROTATED_REF as ref,
} from '#testing';

describe('a change that fails', () => {
  it('is tried three times with one value, then with another one', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    rig.account.fates.push('refused', 'refused', 'refused');
    expect(await rig.runTo()).toMatchObject({ state: 'done', values: 2 });
    expect([rig.account.badLogins, rig.secrets.pendingValues]).toEqual([[], 0]);
  });

  it('is given up when the second value is refused three times too', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    rig.account.fates.push(...Array.from({ length: 6 }, () => 'refused' as const));
    expect(await rig.runTo()).toMatchObject({
      ...{ state: 'abandoned', values: 2, attempt: 3, errorClass: 'change-refused/policy' },
    });
    expect(rig.account.valid).toEqual(new Set(['first']));
  });

  it('whose answer is lost is found to have happened', async () => {
    const rig = await new RotationRig().begin();
    rig.account.fates.push('answer_lost');
    expect(await rig.runTo()).toMatchObject({ state: 'done', attempt: 1 });
    expect(rig.states).toContain('recovering');
    expect(rig.account.badLogins).toEqual([]);
  });

  it('that takes effect long after its answer was waited for meets no call', async () => {
    const rig = await new RotationRig().begin();
    rig.account.fates.push('late', 'refused');
    rig.beforeEachStep(async () => {
      rig.account.settle();
      if (rig.credential.gate !== 'open') return;
      expect(rig.account.valid.has(await rig.valueInUse())).toBe(true);
    });
    expect(await rig.runTo()).toMatchObject({ state: 'done' });
    expect(rig.account.valid.has(await rig.valueInUse())).toBe(true);
  });

  it.each([[['late']], [['late', 'late']], [['answer_lost']]] as const)(
    'of %j does not lose the only value that works, when the version in use is deleted meanwhile',
    async (fates) => {
      const rig = await new RotationRig().begin();
      rig.account.fates.push(...fates);
      await rig.runTo('recovering');
      rig.values.mark(ref, 1, 'deleted');
      expect(await rig.runTo()).toMatchObject({ state: 'done' });
      expect(rig.account.valid.has(await rig.valueInUse())).toBe(true);
    },
  );

  it('opens the gate before it is tried again', async () => {
    const rig = await new RotationRig().begin();
    rig.account.fates.push('refused');
    await rig.runTo('recovering');
    expect(rig.credential.gate).toBe('held');
    await rig.runTo('staged');
    expect(rig.credential).toMatchObject({ gate: 'open', state: 'active' });
  });

  it('is not begun while calls would have to wait for the budget of logins', async () => {
    const rig = await new RotationRig().begin();
    const budget = new InMemoryLoginBudget(rig.world);
    const reservation = await budget.reserve(ref, { failuresMax: 2, perSeconds: 900 });
    await budget.settle(ref, (reservation as { id: string }).id, 'fail');
    await rig.runTo('quiescing');
    expect(rig.clock.now().getTime() - ROTATION_REQUESTED_AT.getTime()).toBe(900_000);
  });
});

describe('when neither value works', () => {
  const outOfSync = async (hasReconcile: boolean): Promise<RotationRig> => {
    const rig = await new RotationRig({ kind: 'dual_slot' }, { hasReconcile }).begin();
    await rig.runTo('verifying');
    rig.account.valid = new Set(['somebody elses']);
    await rig.runTo();
    return rig;
  };

  it('asks an administrator, and lets no call try the account', async () => {
    const rig = await outOfSync(false);
    expect(rig.stored).toMatchObject({ state: 'manual_required', previousState: 'out_of_sync' });
    expect(rig.credential).toMatchObject({
      gate: 'open',
      state: 'breaker_open',
      currentVersion: 1,
    });
    expect(rig.account.lockouts).toBe(0);
    expect(rig.world.journal.of('dev.postern.credential.out_of_sync.v1')).not.toEqual([]);
    expect(rig.secrets.pendingValues).toBe(1);
  });

  it('is put right by the reconcile credential where there is one', async () => {
    const rig = await outOfSync(true);
    expect(rig.stored.state).toBe('done');
    expect(rig.account.valid.has(await rig.valueInUse())).toBe(true);
    expect(rig.credential).toMatchObject({ gate: 'open', state: 'active' });
  });
});

describe('when the one value does not work, and the new one neither', () => {
  it('that is told of the credential, though calls were held back before', async () => {
    const rig = await new RotationRig({}, { hasReconcile: true }).begin();
    await rig.runTo('verifying');
    rig.account.valid = new Set(['somebody elses']);
    await rig.runTo('out_of_sync');
    expect(rig.world.journal.of('dev.postern.credential.out_of_sync.v1')).toHaveLength(1);
  });
});

describe('a login of the account itself', () => {
  it('that was not tried, because the rotation is with another rotator, is not counted', async () => {
    const rig = await new RotationRig().begin();
    const { store, engine, clock, world } = rig;
    let lease = (await store.lease('rig', 5_000))!;
    while (lease.rotation.state !== 'applying') {
      lease = { ...lease, rotation: await engine.advance(lease) };
    }
    clock.advance(6); // It stands still, right before the change.
    expect(await store.lease('another', 5_000)).toBeDefined();
    await expect(engine.advance(lease)).rejects.toThrow(RotationLeaseLost);
    expect([...world.logins.values()].flat()).toEqual([]);
  });

  it('is counted on: with room for three failing ones, calls are not held back with two', async () => {
    const rig = await new RotationRig().begin();
    const plan = rig.plans.get('ledger')!;
    rig.plans.set('ledger', { ...plan, allowance: { failuresMax: 3, perSeconds: 900 } });
    const budget = new InMemoryLoginBudget(rig.world);
    const reservation = await budget.reserve(ref, plan.allowance);
    await budget.settle(ref, (reservation as { id: string }).id, 'fail');
    await rig.runTo('quiescing');
    expect(rig.clock.now().getTime() - ROTATION_REQUESTED_AT.getTime()).toBe(900_000);
  });
});

describe('rolling back', () => {
  const refused = async (rig: RotationRig, calls: number): Promise<void> => {
    for (let call = 1; call <= calls; call += 1) {
      await rig.census.refused([
        { ref, version: 2, status: 401, callId: `call-${call}`, fallbackWorked: true },
      ]);
    }
  };
  const busy = async (rig: RotationRig): Promise<void> => {
    const uses = [{ version: 2, open: 0, unanswered: 0, recent: 1_000 }];
    const { serial } = rig.credential;
    await rig.census.report({
      instanceId: 'proxy',
      credentials: [{ ref, serial, holding: false, uses }],
    });
  };

  it('writes the old value as the newest version and ends the new one', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    await rig.runTo('promoted');
    await busy(rig);
    await refused(rig, 3);
    expect(await rig.runTo()).toMatchObject({ state: 'rolled_back' });
    expect([await rig.valueInUse(), rig.credential.currentVersion]).toEqual(['first', 3]);
    expect(rig.values.newest(ref)).toBe(3);
    expect(rig.account.valid).toEqual(new Set(['first']));
  });

  it('does not go back for two calls of a thousand', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    await rig.runTo('promoted');
    rig.beforeEachStep(() => busy(rig));
    await refused(rig, 2);
    expect(await rig.runTo('draining')).toMatchObject({ state: 'draining' });
  });

  it('goes back to the version before when an administrator has written meanwhile', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    await rig.runTo('promoted');
    await rig.values.put(ref, legacyFields('admins'));
    await refused(rig, 3);
    expect(await rig.runTo()).toMatchObject({ state: 'rolled_back' });
    expect([await rig.valueInUse(), rig.credential.currentVersion]).toEqual(['first', 1]);
  });
});

describe('quiet', () => {
  const loud = async (rig: RotationRig): Promise<void> => {
    const uses = [{ version: 1, open: 1, unanswered: 1, recent: 1 }];
    const { serial } = rig.credential;
    await rig.census.report({
      instanceId: 'proxy',
      credentials: [{ ref, serial, holding: true, uses }],
    });
  };
  /** Reports a call without an answer at each turn. */
  const withLoudProxy = (rig: RotationRig): RotationRig => {
    rig.beforeEachStep(() => loud(rig));
    return rig;
  };

  it('that never comes ends the rotation at the fifth time, with the gate open and nothing changed', async () => {
    const rig = withLoudProxy(await new RotationRig().begin());
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'never-quiet' });
    expect(rig.states.filter((state) => state === 'quiescing')).toHaveLength(5);
    expect(rig.account.valid).toEqual(new Set(['first']));
    expect(rig.credential).toMatchObject({ gate: 'open', state: 'active' });
  });

  it('is not waited for with a compromised value for longer than calls are held', async () => {
    const rig = withLoudProxy(await new RotationRig({ trigger: 'compromise' }).begin());
    await rig.runTo('applying');
    expect(rig.clock.now().getTime() - ROTATION_REQUESTED_AT.getTime()).toBe(1_800);
  });
});

describe('a secret store that is away', () => {
  it('at the moment of the change lets calls go on', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo('quiescing');
    rig.secrets.failWith('sealed');
    await rig.runTo('staged');
    expect(rig.credential).toMatchObject({ gate: 'open', state: 'active' });
    rig.secrets.failWith(undefined);
    expect(await rig.runTo()).toMatchObject({ state: 'done', attempt: 1 });
  });

  it('after the change until the deadline leaves the pending value and asks an administrator', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo('promoting');
    rig.secrets.failWith('sealed');
    expect(await rig.runTo()).toMatchObject({ state: 'manual_required' });
    expect(rig.credential).toMatchObject({ gate: 'open', state: 'breaker_open' });
    rig.secrets.failWith(undefined);
    expect(rig.secrets.pendingValues).toBe(1);
  });
});
