import { setTimeout as pause } from 'node:timers/promises';
import { Clock, SystemClock } from '#kernel';
import { aRotation, FixedClock, InMemoryRotationStore, InMemoryRotationWorld } from '#testing';
import { RotationLoop } from './rotation-loop.js';
import { StoreClock } from './store-clock.js';

const STORE = new Date('2026-11-21T21:00:00.000Z');

describe('the clock of the store', () => {
  it.each([-3_600_000, -200, 0, 200, 3_600_000])(
    'is followed by a machine whose own is %i ms off',
    async (offMs) => {
      const local = new FixedClock(new Date(STORE.getTime() + offMs));
      const clock = new StoreClock(local, async () => STORE);
      expect(clock.now()).toEqual(local.now());
      await clock.begin();
      expect(clock.now()).toEqual(STORE);
      local.advance(2);
      expect(clock.now().getTime()).toBe(STORE.getTime() + 2_000);
    },
  );

  it('is never gone before: what an answer takes makes it late', async () => {
    const local = new FixedClock(STORE);
    const clock = new StoreClock(local, async () => {
      local.set(new Date(STORE.getTime() + 40));
      return STORE;
    });
    await clock.follow();
    expect(clock.now()).toEqual(STORE);
  });

  it('is not set by an answer that a process heard late that stood still', async () => {
    const local = new FixedClock(STORE);
    let standsMs = 0;
    const clock = new StoreClock(local, async () => {
      const told = local.now();
      local.set(new Date(told.getTime() + standsMs));
      return told;
    });
    await clock.begin();
    standsMs = 60_000;
    await clock.follow();
    expect(clock.now()).toEqual(local.now());
  });

  it('is asked once at the beginning, and again as long as it was not heard', async () => {
    let asked = 0;
    const clock = new StoreClock(new FixedClock(STORE), async () => {
      asked += 1;
      if (asked === 1) throw new Error('away');
      return STORE;
    });
    await expect(clock.begin()).rejects.toThrow('away');
    await clock.begin();
    await clock.begin();
    expect(asked).toBe(2);
  });
});

describe('a rotation that waits for a moment', () => {
  class OffClock extends Clock {
    constructor(private readonly offMs: number) {
      super();
    }

    override now(): Date {
      return new Date(new SystemClock().now().getTime() + this.offMs);
    }
  }

  it.each([-3_600_000, -500, 500, 3_600_000])(
    'is taken up again then by a rotator whose machine is %i ms off',
    async (offMs) => {
      const world = new InMemoryRotationWorld(new SystemClock());
      const store = new InMemoryRotationStore(world);
      await store.request(aRotation({ state: 'draining' }), []);
      const clock = new StoreClock(new OffClock(offMs), async () => new SystemClock().now());
      await clock.begin();
      const turns: number[] = [];
      const loop = new RotationLoop({
        ...{ store, clock, owner: 'rotator-1', onProblem: () => undefined },
        steps: {
          advance: async (lease) => {
            turns.push(performance.now());
            const next = { ...lease.rotation, dueAt: new Date(clock.now().getTime() + 50) };
            await store.commit(lease, { next, events: [] });
            return next;
          },
        },
        // A wait that the store does not know of would last as long as the lease does.
        times: { leaseMs: 60_000, idleMsMax: 20 },
      });
      void loop.run();
      for (let waitedMs = 0; turns.length < 4 && waitedMs < 5_000; waitedMs += 5) await pause(5);
      await loop.stop(1_000);
      expect(turns.length).toBeGreaterThanOrEqual(4);
      expect(turns.length).toBeLessThan(20); // Nor is it taken up all the time.
    },
  );
});
