import { secondsAfter } from '#kernel';
import { type Rotation } from '#rotation';
import { aRotation, FixedClock } from '#testing';
import { RotationOverview } from './rotation-overview.js';

const clock = new FixedClock();
const LATE = { deadlineAt: secondsAfter(clock.now(), -1) };

async function overviewOf(...rotations: readonly Rotation[]): Promise<RotationOverview> {
  const overview = new RotationOverview({
    store: { list: async () => rotations },
    clock,
    onActive: () => undefined,
  });
  await overview.look();
  return overview;
}

describe('what an operator should look at', () => {
  it('is nothing while rotations get on', async () => {
    const overview = await overviewOf(aRotation(), aRotation({ state: 'applying' }));
    expect([overview.manualRequired, overview.overdue]).toEqual([undefined, undefined]);
  });

  it('is each rotation that waits for an administrator, by resource and id', async () => {
    const rotation = aRotation({ state: 'manual_required', ...LATE });
    const overview = await overviewOf(rotation, aRotation());
    expect(overview.manualRequired).toBe(
      `an administrator has to look at: ledger (${rotation.id}, manual_required)`,
    );
    expect(overview.overdue).toBeUndefined();
  });

  it('is each rotation past its deadline, of many the number', async () => {
    const late = Array.from({ length: 5 }, () => aRotation({ state: 'verifying', ...LATE }));
    expect((await overviewOf(...late)).overdue).toMatch(
      /^past its deadline: (?:ledger \(rot_\w+, verifying\)(?:, )?){3} and 2 more$/,
    );
  });

  it('is none that has changed over and lets calls end: it cannot be given up any more', async () => {
    expect((await overviewOf(aRotation({ state: 'draining', ...LATE }))).overdue).toBeUndefined();
  });
});
