import { RotationRig, TEST_ROTATED_REF as ref } from '#testing';

const DRAIN_MS = 900_000;

/** One proxy that has calls with the new version, which it does not go back from before `knows` says so. */
async function goingBackLate(): Promise<{ rig: RotationRig; proxy: Proxy }> {
  const rig = await new RotationRig({ kind: 'dual_slot' }).begin();
  await rig.runTo('promoted');
  for (const callId of ['call-1', 'call-2', 'call-3']) {
    await rig.census.refused([{ ref, version: 2, status: 401, callId, fallbackWorked: true }]);
  }
  await rig.runTo('rolling_back');
  rig.secrets.failWith('sealed');
  const until = rig.clock.now().getTime() + DRAIN_MS;
  const proxy: Proxy = { serial: rig.credential.serial, open: 1, unanswered: 1, looks: 0 };
  rig.beforeEachStep(async () => {
    if (rig.clock.now().getTime() > until) rig.secrets.failWith(undefined);
    if (rig.credential.currentVersion === 3) proxy.looks += 1;
    if (proxy.looks > 3) proxy.serial = rig.credential.serial;
    if (proxy.looks > 6) proxy.unanswered = 0;
    await reported(rig, proxy);
  });
  return { rig, proxy };
}

interface Proxy {
  serial: number;
  open: number;
  unanswered: number;
  /** Turns since calls are to go back. */
  looks: number;
}

const reported = (rig: RotationRig, { serial, open, unanswered }: Proxy): Promise<unknown> =>
  rig.census.report({
    instanceId: 'proxy',
    credentials: [
      { ref, serial, holding: false, uses: [{ version: 2, open, unanswered, recent: 1 }] },
    ],
  });

describe('going back when the secret store is away for longer than calls drain', () => {
  it('ends the new value only after each instance knows and the legacy system has judged what was sent', async () => {
    const { rig, proxy } = await goingBackLate();
    expect(await rig.runTo()).toMatchObject({ state: 'rolled_back' });
    expect(proxy.looks).toBeGreaterThan(6);
    expect(rig.account.valid).toEqual(new Set(['first']));
  });

  it('does not wait for ever for a call that is never answered', async () => {
    const { rig, proxy } = await goingBackLate();
    proxy.looks = Number.NEGATIVE_INFINITY;
    expect(await rig.runTo()).toMatchObject({ state: 'rolled_back' });
  });
});
