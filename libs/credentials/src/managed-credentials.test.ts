import { CredentialUse, CredentialWithheld } from '#credentials';
import { ManagedUnderTest, MANAGED_REF, UNMANAGED_REF, WatchedOutcome } from '#testing';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('managed credentials', () => {
  it('let no call begin before the first report was answered', async () => {
    const world = new ManagedUnderTest();
    await world.write('first');
    world.put({});
    const call = new WatchedOutcome(world.admit());
    expect(call.outcome).toBeUndefined();
    await settled();
    expect(call.outcome).toMatchObject({ version: 1 });
    expect(world.rotation.usesOf(MANAGED_REF)).toHaveLength(1);
  });

  it('are those of the census, and of no others', async () => {
    const world = await ManagedUnderTest.adopted();
    expect([world.managed.has(MANAGED_REF), world.managed.has(UNMANAGED_REF)]).toEqual([
      true,
      false,
    ]);
    expect(world.managed.admit(UNMANAGED_REF, { over: () => undefined })).toBeUndefined();
  });

  it('give out the pinned version at once, though a newer one is in the store', async () => {
    const world = await ManagedUnderTest.adopted();
    const use = world.admit();
    expect(use).toBeInstanceOf(CredentialUse);
    expect(use).toMatchObject({ version: 1 });
  });

  it('count calls by version: under way, unanswered, of the last minute', async () => {
    const world = await ManagedUnderTest.adopted();
    const [first, second] = [await world.begun(), await world.begun()];
    first.answered();
    first.answered();
    await world.turn(300);
    expect(world.reported?.uses).toEqual([{ version: 1, open: 2, unanswered: 1, recent: 2 }]);
    second.leave();
    second.leave();
    second.answered();
    await world.turn(300);
    expect(world.reported?.uses).toEqual([{ version: 1, open: 1, unanswered: 0, recent: 2 }]);
    first.leave();
    await world.turn(61_000);
    expect(world.reported?.uses).toEqual([]);
  });

  it('are asked again when the answer is older than two seconds, by either clock', async () => {
    for (const age of [
      (world: ManagedUnderTest) => (world.nowMs += 2_001),
      (world: ManagedUnderTest) => world.clock.advance(2.001),
      (world: ManagedUnderTest) => world.clock.advance(-0.001),
    ]) {
      const world = await ManagedUnderTest.adopted();
      age(world);
      world.put({ currentVersion: 2 });
      const use = world.admit();
      expect(use).toBeInstanceOf(Promise);
      await expect(use).resolves.toMatchObject({ version: 2 });
    }
    const world = await ManagedUnderTest.adopted();
    world.forward(2_000);
    expect(world.admit()).toBeInstanceOf(CredentialUse);
  });

  it('refuse calls when the census does not answer, and ask again a moment later', async () => {
    const world = await ManagedUnderTest.adopted();
    world.rotation.setReachable(false);
    world.forward(2_001);
    await expect(world.begun()).rejects.toBeInstanceOf(CredentialWithheld);
    expect(() => world.admit()).toThrow(CredentialWithheld);
    expect(world.heard.filter((what) => what === 'failed')).toHaveLength(1);
    world.rotation.setReachable(true);
    world.forward(101);
    await expect(world.begun()).resolves.toMatchObject({ version: 1 });
  });

  it('ask once for many that wait', async () => {
    const world = await ManagedUnderTest.adopted();
    world.forward(3_000);
    world.heard.length = 0;
    await Promise.all(Array.from({ length: 100 }, () => world.begun()));
    expect(world.heard.filter((what) => what === 'answered')).toHaveLength(1);
  });

  it('read a new version before calls go by it, where the old one is good until then', async () => {
    const world = await ManagedUnderTest.adopted();
    const release = world.store.hold();
    world.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    await world.turn(300);
    expect(world.admit()).toMatchObject({ version: 1 });
    await world.turn(300);
    expect(world.reported?.serial).toBe(1);
    release();
    await settled();
    const reads = world.store.calls.read;
    expect(world.admit()).toMatchObject({ version: 2 });
    expect(world.credentials.peekVersion(MANAGED_REF, 2)?.fields.get('password')?.reveal()).toBe(
      'second',
    );
    expect(world.store.calls.read).toBe(reads);
    await world.turn(300);
    expect(world.reported?.serial).toBe(2);
  });

  it('go by the old version for as long as it is the fallback and the new one cannot be read', async () => {
    const world = await ManagedUnderTest.adopted();
    world.store.failWith('unreachable');
    world.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    await world.turn(300);
    await world.turns(10_000);
    expect(world.admit()).toMatchObject({ version: 1 });
    expect(world.reported?.serial).toBe(1);
    world.store.failWith(undefined);
    await world.turns(1_200);
    expect(world.admit()).toMatchObject({ version: 2 });
  });

  it('go by the new version when the fallback ends, whether it was read or not', async () => {
    const world = await ManagedUnderTest.adopted();
    world.store.hold();
    world.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    await world.turn(300);
    await world.turns(3_000);
    expect(world.admit()).toMatchObject({ version: 1 });
    world.put({ fallbackVersion: undefined, retiredVersion: 1 });
    await world.turn(300);
    expect(world.admit()).toMatchObject({ version: 2 });
  });

  it('never wait for a version to be read where the old one is dead', async () => {
    const world = await ManagedUnderTest.adopted();
    world.store.hold();
    world.put({ currentVersion: 2, epoch: 2 });
    await world.turn(300);
    expect(world.admit()).toMatchObject({ version: 2 });
  });

  it('keep the current and the fallback version in memory, and no other', async () => {
    const world = await ManagedUnderTest.adopted();
    const versions = (): number[] =>
      world.credentials.versionsInUse().map(({ version }) => version);
    expect(versions()).toEqual([1]);
    world.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2 });
    await world.turn(300);
    expect(versions().sort()).toEqual([1, 2]);
    world.put({ fallbackVersion: undefined });
    await world.turn(300);
    expect(versions()).toEqual([2]);
  });

  it('keep nothing of a value that was used before they were managed, once it is retired', async () => {
    const world = new ManagedUnderTest();
    await world.write('first');
    await world.managed.ask();
    await world.credentials.current(MANAGED_REF);
    world.put({});
    await world.turn(300);
    await world.write('second');
    world.put({ currentVersion: 2, retiredVersion: 1, epoch: 2 });
    await world.turn(300);
    world.put({});
    await world.turn(300);
    expect(world.credentials.versionsInUse()).toEqual([{ ref: MANAGED_REF, version: 2 }]);
  });

  it('say which calls are to be cut', async () => {
    const world = await ManagedUnderTest.adopted();
    const old = await world.begun();
    world.put({ currentVersion: 2, epoch: 2 });
    await world.turn(300);
    const fresh = await world.begun();
    expect([old.isRetired, fresh.isRetired]).toEqual([false, false]);
    world.put({ retiredVersion: 1 });
    await world.turn(300);
    expect([old.isRetired, fresh.isRetired]).toEqual([true, false]);
  });

  it('count calls from before the credential was managed, and admit those that come after', async () => {
    const world = new ManagedUnderTest();
    await world.write('first');
    await world.managed.ask();
    expect(world.admit()).toBeUndefined();
    const early = world.managed.begun(MANAGED_REF, 1);
    expect(early).toBeInstanceOf(CredentialUse);
    world.put({});
    await world.turn(300);
    await world.turn(300);
    expect(world.reported?.uses).toEqual([{ version: 1, open: 1, unanswered: 1, recent: 1 }]);
    expect(world.managed.begun(MANAGED_REF, 1)).toBe(false);
    expect(world.managed.begun(UNMANAGED_REF, 1)).toBeUndefined();
  });
});
