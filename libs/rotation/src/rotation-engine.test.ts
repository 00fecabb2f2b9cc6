import {
  legacyFields,
  ROTATION_REQUESTED_AT,
  RotationRig,
  TEST_ROTATED_REF as ref,
} from '#testing';

describe('a rotation in which nothing goes wrong', () => {
  it('with one value passes each state once, and ends with a new value in use', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo();
    expect(rig.states.join(' ')).toBe(
      'staged quiescing applying applied verifying verified promoting resumed promoted draining retiring done',
    );
    expect(rig.account.valid).toEqual(new Set([await rig.valueInUse()]));
    expect(rig.credential).toMatchObject({
      currentVersion: 2,
      epoch: 2,
      gate: 'open',
      state: 'active',
    });
    expect([rig.account.badLogins, rig.secrets.pendingValues]).toEqual([[], 0]);
  });

  it('with two values ends the old one at the end, and destroys its version a day later', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
    await rig.runTo('promoted');
    expect([rig.account.valid.size, rig.credential.fallbackVersion]).toEqual([2, 1]);
    const { endedAt } = await rig.runTo();
    expect(rig.states.join(' ')).toBe(
      'staged applying applied verifying verified promoting promoted draining retiring done',
    );
    expect(rig.account.valid).toEqual(new Set([await rig.valueInUse()]));
    expect(rig.credential.fallbackVersion).toBeUndefined();
    const dayLater = new Date(endedAt!.getTime() + 86_400_000);
    expect(rig.world.versionsToDestroy).toEqual([{ ref, version: 1, at: dayLater }]);
  });

  it('because of a compromise is not watched, and keeps nothing', async () => {
    const rig = await new RotationRig({ kind: 'dual_slot', trigger: 'compromise' }).begin();
    const { endedAt } = await rig.runTo();
    expect(endedAt!.getTime() - ROTATION_REQUESTED_AT.getTime()).toBeLessThan(5_000);
    expect(rig.world.versionsToDestroy).toEqual([{ ref, version: 1, at: endedAt }]);
  });

  it('tells each transition once, with where it came from', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo();
    const told = rig.world.journal.events.filter(({ type }) => type.includes('.rotation.'));
    expect(told.map(({ type }) => type.split('.')[3])).toEqual(rig.states);
    expect(told.map(({ data }) => (data as { prev_state: string }).prev_state)).toEqual([
      'requested',
      ...rig.states.slice(0, -1),
    ]);
  });

  it('tells how the credential stands with each change of it', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo();
    const told = rig.world.journal.of('dev.postern.credential.state.v1');
    expect(
      told.map(({ current_version: version, state, epoch }) => [version, state, epoch]),
    ).toEqual([
      [1, 'rotating', 1],
      [1, 'rotating', 1],
      [2, 'active', 2],
      [2, 'active', 2],
      [2, 'active', 2],
    ]);
  });
});

describe('a rotation of an external value', () => {
  it('uses a version that appeared once it verifies', async () => {
    const rig = await new RotationRig({ kind: 'external', origin: 'vault', toVersion: 2 }).begin();
    await rig.values.put(ref, legacyFields('admins'));
    rig.account.valid.add('admins');
    expect(await rig.runTo()).toMatchObject({ state: 'done' });
    expect(await rig.valueInUse()).toBe('admins');
    expect(rig.world.versionsToDestroy).toEqual([]);
  });

  it('leaves the old one in service when it never verifies, and tells it as an error', async () => {
    const rig = await new RotationRig({ kind: 'external', origin: 'vault', toVersion: 2 }).begin();
    await rig.values.put(ref, legacyFields('wrong'));
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned' });
    expect([await rig.valueInUse(), rig.account.lockouts]).toEqual(['first', 0]);
    expect(rig.world.journal.events.at(-1)).toMatchObject({
      type: 'dev.postern.rotation.abandoned.v1',
      severitytext: 'ERROR',
    });
  });

  it('makes way for a version that is newer still', async () => {
    const rig = await new RotationRig({ kind: 'external', origin: 'vault', toVersion: 2 }).begin();
    await rig.values.put(ref, legacyFields('wrong'));
    await rig.values.put(ref, legacyFields('right'));
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'secret-moved' });
  });
});

describe('a rotation that may not begin', () => {
  it('waits for its approvals, and is given up at its deadline', async () => {
    const rig = await new RotationRig({ approvalsNeeded: 1 }).begin();
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'overdue' });
  });

  it('begins once it is approved', async () => {
    const rig = await new RotationRig({ approvalsNeeded: 1, approvedBy: ['sub_other'] }).begin();
    expect(await rig.runTo()).toMatchObject({ state: 'done' });
  });

  it('leaves the version of an administrator alone that is newer', async () => {
    const rig = await new RotationRig().begin();
    await rig.values.put(ref, legacyFields('admins'));
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'secret-moved' });
  });

  it('is not begun when the version in use is deleted', async () => {
    const rig = await new RotationRig().begin();
    await rig.runTo('staged');
    rig.values.mark(ref, 1, 'deleted');
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned', errorClass: 'current-gone' });
  });

  it('of a resource that is not registered any more ends at its deadline', async () => {
    const rig = await new RotationRig().begin();
    rig.plans.clear();
    expect(await rig.runTo()).toMatchObject({ state: 'abandoned' });
  });
});
