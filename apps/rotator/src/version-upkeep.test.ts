import { SecretStoreUnavailable } from '#credentials';
import { secondsAfter } from '#kernel';
import {
  FixedClock,
  InMemoryRotationUpkeep,
  InMemoryRotationWorld,
  TEST_ROTATED_REF as REF,
} from '#testing';
import { VersionUpkeep } from './version-upkeep.js';

describe('ending versions whose time is over', () => {
  let clock: FixedClock;
  let world: InMemoryRotationWorld;
  let destroyed: number[];
  let problems: string[];
  let isSealed: boolean;
  let refused: Set<number>;
  let duty: VersionUpkeep;

  beforeEach(() => {
    clock = new FixedClock();
    world = new InMemoryRotationWorld(clock);
    [destroyed, problems, isSealed, refused] = [[], [], false, new Set()];
    duty = new VersionUpkeep({
      upkeep: new InMemoryRotationUpkeep(world),
      values: {
        destroy: async (_, version) => {
          if (isSealed || refused.has(version))
            throw new SecretStoreUnavailable('sealed', 'Vault is sealed');
          destroyed.push(version);
        },
      },
      onProblem: (message) => problems.push(message),
    });
    for (const version of [1, 2]) {
      const at = secondsAfter(clock.now(), version * 60);
      world.versionsToDestroy.push({ ref: REF, version, at });
    }
  });

  it('ends those that are due, once', async () => {
    await duty.look();
    expect(destroyed).toEqual([]);
    clock.advance(60);
    await duty.look();
    await duty.look();
    expect(destroyed).toEqual([1]);
  });

  it('reaches those that are due later than many that cannot be destroyed', async () => {
    const stuck = Array.from({ length: 60 }, (_, index) => 100 + index);
    world.versionsToDestroy.unshift(
      ...stuck.map((version) => ({ ref: REF, version, at: secondsAfter(clock.now(), -60) })),
    );
    refused = new Set(stuck);
    clock.advance(60);
    await duty.look();
    expect(destroyed).toEqual([]);
    await duty.look();
    expect(destroyed).toEqual([1]);
  });

  it('tells what the store refused, and tries it again', async () => {
    clock.advance(60);
    isSealed = true;
    await duty.look();
    expect(problems).toEqual([
      'secret/ledger/settlement, version 1, cannot be destroyed yet: Vault is sealed',
    ]);
    isSealed = false;
    await duty.look();
    expect(destroyed).toEqual([1]);
  });
});
