import { CredentialUse, CredentialWithheld } from '#credentials';
import { ManagedUnderTest, MANAGED_REF, WatchedOutcome } from '#testing';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('calls that are held back', () => {
  it('hold calls back while the gate is closed, report so, and let them go with the new version', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'quiescing' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.turn();
    expect([call.outcome, world.reported?.holding, world.managed.waiting]).toEqual([
      undefined,
      true,
      1,
    ]);
    world.put({ gate: 'held' });
    await world.turns(3_000);
    expect(call.outcome).toBeUndefined();
    world.put({ gate: 'open', currentVersion: 2, epoch: 2 });
    await world.turn();
    expect(call.outcome).toMatchObject({ version: 2 });
    expect(world.heard.some((what) => what.startsWith('waited 3.'))).toBe(true);
  });

  it('let calls go with the old version after two seconds, when it was said and answered', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'quiescing' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.turns(1_900);
    expect([call.outcome, world.reported?.holding]).toEqual([undefined, true]);
    await world.turns(200);
    expect(world.reported?.holding).toBe(false);
    expect(call.outcome).toMatchObject({ version: 1 });
    expect(world.admit()).toBeInstanceOf(CredentialUse);
    // The next time that the gate is closed it holds again.
    world.put({ gate: 'open' });
    world.put({ gate: 'quiescing' });
    await world.turn();
    expect(world.admit()).toBeInstanceOf(Promise);
  });

  it('hold on when the gate was closed for good before it was said that calls go on', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'quiescing' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.turns(1_900);
    expect(world.rotation.isQuiet(MANAGED_REF)).toBe(true);
    world.put({ gate: 'held' });
    await world.turns(1_000);
    expect([call.outcome, world.reported?.holding]).toEqual([undefined, true]);
  });

  it('hold on when it is not known whether it was said', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'quiescing' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.turns(1_900);
    world.rotation.setReachable(false);
    await world.turns(300);
    expect([call.outcome, call.error]).toEqual([undefined, undefined]);
    world.rotation.setReachable(true);
    await world.turns(200);
    expect(call.outcome).toMatchObject({ version: 1 });
  });

  it('keep no call for longer than ten seconds', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'held' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.turns(9_900);
    expect(call.error).toBeUndefined();
    await world.turns(150);
    expect(call.error).toBeInstanceOf(CredentialWithheld);
    expect(world.managed.waiting).toBe(0);
  });

  it('let go of a call that nobody waits for any more', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'held' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    world.over = new CredentialWithheld('gone', 1);
    await world.turn(50);
    expect(call.error).toBe(world.over);
    expect(world.managed.waiting).toBe(0);
  });

  it.each(['breaker_open', 'out_of_sync'] as const)(
    'refuse calls while the state is %s, those that wait too',
    async (state) => {
      const world = await ManagedUnderTest.adopted();
      world.put({ gate: 'held' });
      await world.turn(300);
      const call = new WatchedOutcome(world.admit());
      world.put({ gate: 'open', state });
      await world.turn();
      expect(call.error).toMatchObject({ code: 'credential-unavailable', retryAfterSeconds: 30 });
      expect(() => world.admit()).toThrow(state);
      world.put({ state: 'active' });
      await world.turn(300);
      expect(world.admit()).toBeInstanceOf(CredentialUse);
    },
  );

  it('end with the process: nobody waits, and the census knows', async () => {
    const world = await ManagedUnderTest.adopted();
    world.put({ gate: 'held' });
    await world.turn(300);
    const call = new WatchedOutcome(world.admit());
    await world.managed.leave();
    await settled();
    expect(call.error).toBeInstanceOf(CredentialWithheld);
    expect(world.rotation.instances.size).toBe(0);
    expect(() => world.admit()).toThrow(CredentialWithheld);
    world.managed.turn();
    await settled();
    expect(world.rotation.instances.size).toBe(0);
  });
});
