import { setTimeout as pause } from 'node:timers/promises';
import { SystemClock } from '#kernel';
import {
  aRotation,
  InMemoryRotationStore,
  InMemoryRotationWorld,
  TEST_ROTATED_REF,
} from '#testing';
import { type LeasedRotation, type Rotation } from '#rotation';
import { RotationLoop, type RotationLoopParts } from './rotation-loop.js';
import { type RotationSteps } from './rotation-work.js';

const DEADLINE_MS = 5_000;
/** A lease lasts longer than a busy machine stands still. */
const TIMES = { leaseMs: 800, renewEveryMs: 20, stepMsMax: 1_200, idleMsMax: 20 };

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    if (waitedMs > DEADLINE_MS) throw new Error(`waited in vain: ${what}`);
    await pause(2);
  }
}

describe('the loop of a rotator', () => {
  let world: InMemoryRotationWorld;
  let store: InMemoryRotationStore;
  let problems: string[];
  const loops: RotationLoop[] = [];

  /** Commits `staged`, then `done`. */
  const twoSteps = (steps: string[] = []): RotationSteps => ({
    advance: async (lease) => {
      const { rotation } = lease;
      steps.push(`${rotation.resource} ${rotation.state}`);
      const isOver = rotation.state === 'retiring';
      const next: Rotation = { ...rotation, state: isOver ? 'done' : 'retiring' };
      await store.commit(lease, { next, events: [] });
      return next;
    },
  });
  const loop = (steps: RotationSteps, change: Partial<RotationLoopParts> = {}): RotationLoop => {
    const made = new RotationLoop({
      ...{ store, steps, clock: world.clock, owner: 'rotator-1', times: TIMES },
      onProblem: (message) => problems.push(message),
      ...change,
    });
    loops.push(made);
    return made;
  };
  const due = async (count = 1): Promise<Rotation[]> => {
    const rotations = Array.from({ length: count }, (_, index) =>
      aRotation({
        state: 'draining',
        resource: `ledger-${index}`,
        ref: { ...TEST_ROTATED_REF, path: `ledger-${index}` },
      }),
    );
    for (const rotation of rotations) await store.request(rotation, []);
    return rotations;
  };
  const states = (): string[] =>
    [...world.rotations.values()].map(({ rotation }) => rotation.state);

  beforeEach(() => {
    world = new InMemoryRotationWorld(new SystemClock());
    store = new InMemoryRotationStore(world);
    problems = [];
  });
  afterEach(() => Promise.all(loops.splice(0).map((made) => made.stop(1_000))));

  it('takes each rotation that is due as far as it goes', async () => {
    await due(3);
    void loop(twoSteps()).run();
    await until('all are done', () => states().every((state) => state === 'done'));
  });

  it('takes up what becomes due while it waits', async () => {
    void loop(twoSteps()).run();
    await pause(50);
    await due();
    await until('it is done', () => states().join() === 'done');
  });

  it('keeps no more than sixteen under way at once', async () => {
    await due(20);
    let underWay = 0;
    let most = 0;
    const release = new AbortController();
    const slow: RotationSteps = {
      advance: async (lease) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await pause(DEADLINE_MS, undefined, { signal: release.signal }).catch(() => undefined);
        underWay -= 1;
        return twoSteps().advance(lease);
      },
    };
    void loop(slow).run();
    await until('sixteen are under way', () => underWay === 16);
    await pause(3 * TIMES.idleMsMax);
    expect(most).toBe(16);
    release.abort();
    await until('all are done', () => states().every((state) => state === 'done'));
  });

  it('keeps the lease of a step that takes long, so that no other takes the rotation', async () => {
    await due();
    const steps: string[] = [];
    const slow: RotationSteps = {
      advance: async (lease) => {
        await pause(TIMES.leaseMs + 60);
        return twoSteps(steps).advance(lease);
      },
    };
    void loop(slow).run();
    void loop(slow, { owner: 'rotator-2' }).run();
    await until('it is done', () => states().join() === 'done');
    expect(steps).toEqual(['ledger-0 draining', 'ledger-0 retiring']);
  });

  it('lets go of the lease of a step that does not end, shows it, and another takes the rotation', async () => {
    await due();
    const hanging = loop({ advance: () => new Promise(() => undefined) });
    void hanging.run();
    await until('it is stuck', () => hanging.isStuck);
    expect(hanging.slowestStep?.description).toMatch(
      /^rotation rot_\w+ of ledger-0 in state draining$/,
    );
    void loop(twoSteps(), { owner: 'rotator-2' }).run();
    await until('it is done', () => states().join() === 'done');
    void hanging.stop(0);
  });

  it('tells what failed, and takes it up again when its lease has run out', async () => {
    await due();
    let failures = 0;
    void loop({
      advance: async (lease) => {
        failures += 1;
        if (failures < 3) throw new Error('Vault is sealed');
        return twoSteps().advance(lease);
      },
    }).run();
    await until('it is done', () => states().join() === 'done');
    expect(problems[0]).toMatch(
      /ledger-0 in state draining: Vault is sealed; it is taken up again/,
    );
    expect(problems).toHaveLength(1); // The same again is not told again at once.
  });

  it('does nothing more with a rotation that an administrator has ended', async () => {
    const [rotation] = await due();
    const seen: LeasedRotation[] = [];
    const release = new AbortController();
    void loop({
      advance: async (lease) => {
        seen.push(lease);
        await pause(DEADLINE_MS, undefined, { signal: release.signal }).catch(() => undefined);
        return lease.rotation;
      },
    }).run();
    await until('it is under way', () => seen.length === 1);
    await store.intervene(rotation!.id, (stored) => ({
      next: { ...stored, state: 'rolling_back', dueAt: new Date('2100-01-01') },
      events: [],
    }));
    await until('that is told', () => problems.some((one) => one.includes('its lease was lost')));
    release.abort();
    await pause(3 * TIMES.renewEveryMs);
    expect(seen).toHaveLength(1);
  });

  it('goes on after an outage of the database, and says why nothing is taken up meanwhile', async () => {
    world.setReachable(false);
    const running = loop(twoSteps());
    void running.run();
    await until('it has trouble', () => running.trouble !== undefined);
    expect(running.trouble).toBe('the store of rotations is told to be away');
    world.setReachable(true);
    await due();
    await until('it is done', () => states().join() === 'done');
    expect(running.trouble).toBeUndefined();
    expect(problems.at(-1)).toMatch(/^goes on after \d+ failures$/);
  });

  it('finishes the step under way when it is stopped, and begins no other', async () => {
    await due();
    const steps: string[] = [];
    const release = new AbortController();
    const running = loop({
      advance: async (lease) => {
        await pause(DEADLINE_MS, undefined, { signal: release.signal }).catch(() => undefined);
        return twoSteps(steps).advance(lease);
      },
    });
    void running.run();
    await until('a step is under way', () => running.slowestStep !== undefined);
    const stopped = running.stop(DEADLINE_MS);
    release.abort();
    await stopped;
    expect([steps, states()]).toEqual([['ledger-0 draining'], ['retiring']]);
    expect(await store.lease('rotator-2', 1_000)).toBeDefined(); // Another need not wait for the end of the lease.
  });

  it('leaves alone what has to wait, until it is due', async () => {
    await due();
    const seen: string[] = [];
    const times: number[] = [];
    const waitMs = 60;
    void loop({
      advance: async (lease) => {
        seen.push(lease.rotation.state);
        times.push(performance.now());
        if (seen.length > 1) return twoSteps().advance(lease);
        const dueAt = new Date(world.nowMs + waitMs);
        const next: Rotation = { ...lease.rotation, dueAt };
        await store.commit(lease, { next, events: [] });
        return next;
      },
    }).run();
    await until('it is done', () => states().join() === 'done');
    expect(times[1]! - times[0]!).toBeGreaterThan(waitMs / 2);
  });

  it('does not wait for a step that does not end when it is stopped', async () => {
    await due();
    const running = loop({ advance: () => new Promise(() => undefined) });
    void running.run();
    await until('a step is under way', () => running.slowestStep !== undefined);
    await running.stop(20);
    expect(states()).toEqual(['draining']);
  });
});
