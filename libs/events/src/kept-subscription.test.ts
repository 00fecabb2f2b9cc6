import { KeptSubscription, type SubscriptionHandle } from '#events';
import { DependencyUnavailable } from '#kernel';
import { until } from '#testing';

const AWAY = new DependencyUnavailable('kafka', 'no broker can be reached');

/** A bus that is away as often as it is told, and ends what it gave when it is told. */
class Bus {
  subscriptions = 0;
  stopped = 0;
  fail: (error: Error) => void = () => undefined;

  constructor(private absences: number) {}

  async subscribe(onFailure: (error: Error) => void): Promise<SubscriptionHandle> {
    if (this.absences > 0) {
      this.absences -= 1;
      throw AWAY;
    }
    this.subscriptions += 1;
    this.fail = onFailure;
    return {
      progress: { idleMs: 7, caughtUp: true, blocked: [] },
      stop: async () => void (this.stopped += 1),
    };
  }
}

describe('a subscription that is kept', () => {
  const pauses: number[] = [];
  const failures: Error[] = [];
  let now = 0;
  const keep = (bus: Bus): KeptSubscription =>
    new KeptSubscription({
      subscribe: (onFailure) => bus.subscribe(onFailure),
      pause: async (ms) => {
        pauses.push(ms);
        now += ms;
      },
      now: () => now,
      onProblem: () => undefined,
      onFailure: (error) => failures.push(error),
    });
  beforeEach(() => {
    pauses.length = 0;
    failures.length = 0;
  });

  it('begins in the background, and tries again until the bus is there', async () => {
    const bus = new Bus(7);
    const kept = keep(bus);
    expect(kept.progress.caughtUp).toBe(false);
    await until(() => bus.subscriptions === 1, 'the subscription');
    expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(kept.progress).toEqual({ idleMs: 7, caughtUp: true, blocked: [] });
    await kept.stop();
    expect(bus.stopped).toBe(1);
    expect(failures).toEqual([]);
  });

  it('subscribes again when the bus was gone, and remembers that it had caught up', async () => {
    const bus = new Bus(0);
    const kept = keep(bus);
    await until(() => bus.subscriptions === 1, 'the first');
    expect(kept.progress.caughtUp).toBe(true);
    bus.fail(AWAY);
    await until(() => bus.subscriptions === 2, 'the second');
    expect(bus.stopped).toBe(1);
    await kept.stop();
  });

  it('ends for good when it is not the bus that is at fault', async () => {
    const bus = new Bus(0);
    const kept = keep(bus);
    await until(() => bus.subscriptions === 1, 'the subscription');
    const bug = new TypeError('a fault of ours');
    bus.fail(bug);
    await until(() => failures.length > 0, 'the failure');
    expect(failures).toEqual([bug]);
    expect(bus.subscriptions).toBe(1);
    await kept.stop();
  });
});
