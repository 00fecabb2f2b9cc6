import {
  EventBus,
  EventFactory,
  type RecordedEvent,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
} from '#events';
import { type Handle } from '#handles';
import { DependencyUnavailable, SystemClock } from '#kernel';
import { Metrics } from '#platform';
import { aHandle, InMemoryEventBus, until } from '#testing';
import { RevocationFeed } from './revocation-feed.js';

const clock = new SystemClock();
const events = new EventFactory({
  ...{ clock, environment: 'test', deployment: 'test' },
  component: 'sts',
});
const TOPIC = 'postern.revocation-state.v1';
const away = new DependencyUnavailable('kafka', 'no broker answers');

function revoked(familyId: string): RecordedEvent {
  const key = `family:${familyId}`;
  const event = events.create('dev.postern.revocation.state.v1', {
    ...{ subject: key, partitionKey: key, correlationId: 'req_1' },
    data: {
      ...{ action: 'revoked', scope: 'family', id: familyId },
      ...{ at: 1, reason: 'test', handles: 1, until: 2 },
    },
  });
  return { ...event, recordedtime: event.time, sequence: '00000000000000000001' };
}

/** A bus that fails and stalls as the test says. */
class ScriptedBus extends EventBus {
  readonly subscriptions: Subscription[] = [];
  refusing: Error | undefined;
  /** Says neither yes nor no to who subscribes. */
  silent = false;
  stopped = 0;
  progress: SubscriptionProgress = { idleMs: 0, caughtUp: true, blocked: [] };

  override publish(): Promise<void> {
    return Promise.resolve();
  }

  override subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    this.subscriptions.push(subscription);
    if (this.silent) return new Promise(() => undefined);
    if (this.refusing !== undefined) return Promise.reject(this.refusing);
    const stop = (): Promise<void> => Promise.resolve(void (this.stopped += 1));
    return Promise.resolve(
      Object.defineProperty({ stop }, 'progress', { get: () => this.progress }) as never,
    );
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('the feed of revocations', () => {
  let metrics: Metrics;
  let doubts: ((handle: Handle) => boolean)[];
  let unanswered: Error | undefined;
  let problems: string[];
  let feed: RevocationFeed;

  const reading = async (bus: EventBus, doubting?: () => Promise<void>): Promise<void> => {
    const remembered = (matches: (handle: Handle) => boolean): Promise<void> => {
      doubts.push(matches);
      return unanswered === undefined ? Promise.resolve() : Promise.reject(unanswered);
    };
    const onProblem = (message: string): void => void problems.push(message);
    const proxy = { doubt: doubting ?? remembered };
    feed = await RevocationFeed.start({ bus, clock, metrics, proxy, onProblem });
  };
  beforeEach(() => {
    metrics = new Metrics();
    doubts = [];
    problems = [];
    unanswered = undefined;
  });
  afterEach(() => feed.stop());

  const isDoubted = (familyId: string): boolean => {
    const handle = aHandle({ familyId });
    return doubts.some((matches) => matches(handle));
  };
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^postern_${name} (\\S+)$`, 'm').exec(await metrics.text())?.[1]);

  it('doubts the handles of all entries that lie there, and of those that come', async () => {
    const bus = new InMemoryEventBus();
    const publish = (familyId: string): Promise<void> => {
      const event = revoked(familyId);
      return bus.publish([{ topic: TOPIC, key: event.partitionkey, event }]);
    };
    await publish('fam_before');
    await reading(bus);
    await until(() => isDoubted('fam_before'), 'the entry that lay there');
    await until(() => feed.trouble() === undefined, 'all that lay there');
    await publish('fam_after');
    await until(() => isDoubted('fam_after'), 'the entry that came');
    expect(isDoubted('fam_other')).toBe(false);
    await feed.stop();
    expect(await metric('revocation_entries_total')).toBe(2);
    expect(await metric('revocation_seconds_count')).toBe(1);
    expect(await metric('revocation_seconds_sum')).toBeLessThan(60);
  });

  it('takes entries that come together as one', async () => {
    const bus = new ScriptedBus();
    await reading(bus);
    await until(() => bus.subscriptions.length === 1, 'reading');
    const give = (family: string, offset: number): Promise<void> => {
      const event = revoked(family);
      const record = { topic: TOPIC, key: event.partitionkey, event } as const;
      const place = { topic: TOPIC, partition: 0, offset: String(offset) } as const;
      return bus.subscriptions[0]!.handle(record, place);
    };
    for (const [offset, family] of ['fam_a', 'fam_b', 'fam_c'].entries())
      await give(family, offset);
    await until(() => doubts.length > 0, 'a doubt');
    expect([doubts.length, isDoubted('fam_a'), isDoubted('fam_c')]).toEqual([1, true, true]);
    await give('fam_c', 2); // Read again after the bus was gone.
    await until(() => doubts.length === 2, 'a doubt');
    await feed.stop();
    expect(await metric('revocation_entries_total')).toBe(4);
    expect(await metric('revocation_seconds_count')).toBe(3);
  });

  it('rests after entries that cost much: who revokes all the time stops no proxy', async () => {
    const bus = new ScriptedBus();
    const times: { readonly beganMs: number; readonly endedMs: number }[] = [];
    const costly = (): Promise<void> => {
      const beganMs = performance.now();
      while (performance.now() - beganMs < 20); // As a memory of many handles that is gone through.
      times.push({ beganMs, endedMs: performance.now() });
      return Promise.resolve();
    };
    await reading(bus, costly);
    await until(() => bus.subscriptions.length === 1, 'reading');
    for (const [offset, family] of ['fam_a', 'fam_b'].entries()) {
      const event = revoked(family);
      const record = { topic: TOPIC, key: event.partitionkey, event } as const;
      const place = { topic: TOPIC, partition: 0, offset: String(offset) } as const;
      await bus.subscriptions[0]!.handle(record, place);
      await until(() => times.length === offset + 1, 'a doubt');
    }
    expect(times[1]!.beganMs - times[0]!.endedMs).toBeGreaterThan(150);
  });

  it('ends within seconds, also when the bus does not answer', async () => {
    const bus = new ScriptedBus();
    bus.silent = true;
    await reading(bus);
    await until(() => bus.subscriptions.length === 1, 'a question');
    const beganMs = performance.now();
    await feed.stop();
    expect(performance.now() - beganMs).toBeLessThan(20_000);
  });

  it('measures nothing where nobody could say what has ended, and goes on', async () => {
    const bus = new InMemoryEventBus();
    await reading(bus);
    await until(() => feed.trouble() === undefined, 'reading');
    unanswered = new DependencyUnavailable('postgresql', 'away');
    const event = revoked('fam_a');
    await bus.publish([{ topic: TOPIC, key: event.partitionkey, event }]);
    await until(() => isDoubted('fam_a'), 'a doubt');
    expect(await metric('revocation_seconds_count')).toBe(0);
    unanswered = undefined;
    const next = revoked('fam_b');
    await bus.publish([{ topic: TOPIC, key: next.partitionkey, event: next }]);
    await until(() => isDoubted('fam_b'), 'the next');
  });

  it('reads in a group of its own that leaves nothing behind, from the earliest record', async () => {
    const bus = new ScriptedBus();
    await reading(bus);
    await feed.stop();
    const one = bus.subscriptions[0]!;
    metrics = new Metrics();
    await reading(bus);
    expect(one).toMatchObject({ topics: [TOPIC], from: 'earliest', offsets: 'forgotten' });
    expect(one.group).toMatch(/^postern-proxy-instance_[0-9A-Za-z]+$/);
    expect(bus.subscriptions[1]!.group).not.toBe(one.group);
  });

  it('blocks at an entry that cannot be read, and says where and why', async () => {
    const bus = new ScriptedBus();
    await reading(bus);
    await until(() => feed.trouble() === undefined, 'reading');
    const place = { topic: TOPIC, partition: 3, offset: '17' } as const;
    const { onRejected } = bus.subscriptions[0]!;
    const rejected = { place, record: { value: null }, writtenAt: '', error: new Error('no') };
    expect(await onRejected!(rejected as never)).toBe('blocked');
    bus.progress = { idleMs: 0, caughtUp: false, blocked: [{ place, reason: 'no event' }] };
    expect(feed.trouble()).toBe(
      'the revocation state stands still: postern.revocation-state.v1/3 at offset 17: no event',
    );
  });

  it('begins anew after a failure, and says in the meantime that the re-check is alone', async () => {
    const bus = new ScriptedBus();
    bus.refusing = away;
    await reading(bus);
    await until(() => problems.length === 1, 'a problem');
    expect(problems[0]).toContain('no broker answers');
    expect(feed.trouble()).toContain('is being loaded, and found by the re-check');
    bus.refusing = undefined;
    await until(() => feed.trouble() === undefined, 'reading again');
    bus.subscriptions[1]!.onFailure(away);
    await until(() => bus.subscriptions.length === 3, 'reading once more');
    expect([bus.stopped, feed.trouble()]).toEqual([1, undefined]);
  });

  it('says when reading has ended for good: the re-check is alone from then on', async () => {
    const bus = new ScriptedBus();
    await reading(bus);
    await until(() => feed.trouble() === undefined, 'reading');
    bus.subscriptions[0]!.onFailure(new TypeError('a fault of ours'));
    await until(() => feed.trouble() !== undefined, 'its end');
    expect(feed.trouble()).toContain('the re-check finds them alone: a fault of ours');
  });

  it('says that it loads, and that nothing was heard of a bus that stands still', async () => {
    const bus = new ScriptedBus();
    bus.progress = { idleMs: 0, caughtUp: false, blocked: [] };
    await reading(bus);
    expect(feed.trouble()).toContain('the revocation state is being loaded');
    bus.progress = { idleMs: 0, caughtUp: true, blocked: [] };
    expect(feed.trouble()).toBeUndefined();
    bus.progress = { idleMs: 31_000, caughtUp: true, blocked: [] };
    expect(feed.trouble()).toContain('nothing was heard of it for 31 s');
    expect(await metric('revocation_feed_age_seconds')).toBe(31);
  });
});
