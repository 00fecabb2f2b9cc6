import { type CredentialRefusal, CredentialUse, type ManagedCredential } from '#credentials';
import { ManagedUnderTest, MANAGED_REF, WatchedOutcome } from '#testing';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('managed credentials of which a version is refused', () => {
  const refusal = (callId: string): CredentialRefusal => ({
    ...{ ref: MANAGED_REF, version: 1, status: 401, callId, fallbackWorked: false },
  });

  it('tell the census at once, and go by what it answers', async () => {
    const world = await ManagedUnderTest.adopted();
    world.managed.refused(refusal('call_1'));
    await settled();
    expect(world.rotation.refusals).toHaveLength(1);
    expect(world.admit()).toBeInstanceOf(CredentialUse);
    world.managed.refused(refusal('call_2'));
    await settled();
    expect(() => world.admit()).toThrow('breaker_open');
  });

  it('let no call go while two refusals are not answered', async () => {
    const world = await ManagedUnderTest.adopted();
    world.rotation.setReachable(false);
    world.managed.refused(refusal('call_1'));
    await settled();
    expect(world.admit()).toBeInstanceOf(CredentialUse);
    world.managed.refused(refusal('call_2'));
    const call = new WatchedOutcome(world.admit());
    await settled();
    expect([call.outcome, call.error]).toEqual([undefined, undefined]);
    world.rotation.setReachable(true);
    await world.turn(50);
    expect(call.error).toMatchObject({ code: 'credential-unavailable' });
    expect(world.rotation.refusals.map(({ callId }) => callId)).toEqual(['call_1', 'call_2']);
  });

  it('let a call under way go on with the version that is current by now', async () => {
    const world = await ManagedUnderTest.adopted();
    const use = await world.begun();
    use.answered();
    world.put({ currentVersion: 2, epoch: 2 });
    await world.managed.askAnew();
    const choose = (row?: ManagedCredential): number | undefined => row?.currentVersion;
    await expect(world.managed.admitAgain(use, choose, { over: () => undefined })).resolves.toBe(2);
    await world.turn(300);
    expect(world.reported?.uses).toEqual([
      { version: 1, open: 0, unanswered: 0, recent: 1 },
      { version: 2, open: 1, unanswered: 1, recent: 0 },
    ]);
    use.leave();
    expect(await world.managed.admitAgain(use, () => 1, { over: () => undefined })).toBeUndefined();
    await world.turn(300);
    expect(world.reported?.uses.every(({ open, unanswered }) => open + unanswered === 0)).toBe(
      true,
    );
  });

  it('ask anew, not what was asked before: once for all', async () => {
    const world = await ManagedUnderTest.adopted();
    world.heard.length = 0;
    const before = world.managed.ask();
    await Promise.all([before, ...Array.from({ length: 50 }, () => world.managed.askAnew())]);
    expect(world.heard).toEqual(['answered', 'answered']);
  });
});
