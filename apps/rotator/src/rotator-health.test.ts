import { HealthRegistry } from '#platform';
import { addRotatorHealth, type RotatorState } from './rotator-health.js';

const WELL: RotatorState = {
  trouble: undefined,
  note: undefined,
  stalledSeconds: 0,
  slowestStep: undefined,
  isStuck: false,
};
const answering = (): Promise<void> => Promise.resolve();
const silent = (): Promise<void> => Promise.reject(new Error('PostgreSQL does not answer'));
const step = (seconds: number) => ({
  description: 'rotation rot_1 of ledger in state applying',
  seconds,
});

function healthOf(state: Partial<RotatorState>, ping = answering): HealthRegistry {
  const health = new HealthRegistry();
  addRotatorHealth(health, { ...WELL, ...state }, ping);
  health.enter('serving');
  return health;
}

describe('the health of a rotator', () => {
  it('is ready and alive while it gets on', async () => {
    const health = healthOf({ stalledSeconds: 29, slowestStep: step(59) });
    expect(await health.readiness()).toMatchObject({ ready: true, degraded: false });
    expect(await health.standstills()).toEqual([]);
  });

  it('is ready, with a note, when a rotation needs an administrator or a step is slow', async () => {
    const note = 'an administrator has to look at: ledger (rot_1, manual_required)';
    expect(await healthOf({ note, slowestStep: step(61) }).readiness()).toMatchObject({
      ready: true,
      degraded: true,
      checks: [
        {
          ok: true,
          reason: `rotation rot_1 of ledger in state applying: its step has been under way for 61 s; ${note}`,
        },
      ],
    });
  });

  it.each([
    [{ trouble: 'PostgreSQL does not answer' }, 'PostgreSQL does not answer'],
    [{ stalledSeconds: 31 }, 'no look at what is due for 31 s'],
  ])('is not ready while it takes nothing up: %j', async (state, reason) => {
    expect(await healthOf(state).readiness()).toMatchObject({
      ready: false,
      checks: [{ ok: false, reason }],
    });
  });

  it.each([
    [{ isStuck: true, slowestStep: step(121) }, /its step has been under way for 121 s/],
    [{ stalledSeconds: 61 }, /no look at what is due for 61 s/],
  ])('is not alive when it stands still and the database answers: %j', async (state, reason) => {
    const [standstill] = await healthOf(state).standstills();
    expect(standstill).toMatchObject({ name: 'rotator', ok: false });
    expect(standstill?.reason).toMatch(reason);
  });

  it('is alive when the database does not answer: a new start would find the same', async () => {
    expect(await healthOf({ isStuck: true, stalledSeconds: 61 }, silent).standstills()).toEqual([]);
  });
});
