import { setTimeout as pause } from 'node:timers/promises';
import { type EventBus } from '#events';
import { DependencyUnavailable, SystemClock } from '#kernel';
import {
  anOutboxEvent,
  FixedClock,
  InMemoryEventBus,
  InMemoryOutbox,
  InMemoryOutboxLog,
} from '#testing';
import { RelayLoop, type RelayParts } from './relay-loop.js';

const DEADLINE_MS = 5_000;

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 2) {
    if (waitedMs > DEADLINE_MS) throw new Error(`waited in vain for: ${what}`);
    await pause(2);
  }
}

class Observed {
  readonly batches: number[] = [];
  readonly leases: number[] = [];
  repeats = 0;
  failures = 0;
  published = ({ records, repeats }: { records: number; repeats: number }): void => {
    this.batches.push(records);
    this.repeats += repeats;
  };
  failed = (): void => void (this.failures += 1);
  leased = (shards: number): void => void this.leases.push(shards);
}

describe('the relay loop', () => {
  let log: InMemoryOutboxLog;
  let bus: InMemoryEventBus;
  let observed: Observed;
  let problems: string[];
  const relays: RelayLoop[] = [];
  const relay = (change: Partial<RelayParts> = {}): RelayLoop => {
    const made = new RelayLoop({
      outbox: new InMemoryOutbox(log),
      bus,
      clock: new SystemClock(),
      onProblem: (message) => problems.push(message),
      observer: observed,
      ...change,
    });
    relays.push(made);
    return made;
  };
  const append = (count: number, key = 'hdl_a'): Promise<void> =>
    log.append(Array.from({ length: count }, () => anOutboxEvent(key)));
  const publishedSequences = (): number[] =>
    bus.published.map(({ event }) => Number(event.sequence));
  const waiting = (): number => log.entries.filter(({ published }) => !published).length;

  beforeEach(() => {
    log = new InMemoryOutboxLog(new SystemClock());
    bus = new InMemoryEventBus();
    observed = new Observed();
    problems = [];
  });
  afterEach(() => Promise.all(relays.splice(0).map((made) => made.stop())));

  it('publishes what is in the outbox and marks it', async () => {
    await append(3);
    void relay().run();
    await until(() => waiting() === 0, 'an empty outbox');
    expect(publishedSequences()).toEqual([1, 2, 3]);
    expect(observed.batches).toEqual([3]);
    expect(observed.leases[0]).toBe(16);
  });

  it('publishes what comes while it waits', async () => {
    void relay().run();
    await until(() => observed.leases.length > 0, 'the lease');
    await append(2);
    await until(() => waiting() === 0, 'an empty outbox');
    expect(publishedSequences()).toEqual([1, 2]);
  });

  it('publishes in batches of the size it was given', async () => {
    await append(5);
    void relay({ batchRecordsMax: 2 }).run();
    await until(() => waiting() === 0, 'an empty outbox');
    expect(observed.batches).toEqual([2, 2, 1]);
  });

  it('marks nothing while the bus is down, says so, and goes on when it is back', async () => {
    await append(3);
    bus.failWith(new DependencyUnavailable('kafka', 'Kafka at k:9092: no broker can be reached'));
    const running = relay();
    void running.run();
    await until(() => observed.failures >= 2, 'two failures');
    expect(waiting()).toBe(3);
    expect(running.trouble).toContain('no broker can be reached');
    expect(problems[0]).toContain('Kafka at k:9092: no broker can be reached; nothing is marked');
    bus.failWith(undefined);
    await until(() => waiting() === 0, 'an empty outbox');
    expect(publishedSequences()).toEqual([1, 2, 3]);
    expect(running.trouble).toBeUndefined();
    expect(observed.repeats).toBe(3); // They may have arrived before.
  });

  it('publishes again, the same, what was published and could not be marked', async () => {
    await append(2);
    const outbox = new InMemoryOutbox(log);
    let deaths = 0;
    const dying: EventBus = Object.create(bus, {
      publish: {
        value: async (records: Parameters<EventBus['publish']>[0]) => {
          await bus.publish(records);
          if (deaths === 0) outbox.die();
          deaths += 1;
        },
      },
    }) as EventBus;
    void relay({ outbox, bus: dying }).run();
    await until(() => waiting() === 0, 'an empty outbox');
    expect(publishedSequences()).toEqual([1, 2, 1, 2]);
    expect(bus.published.slice(2)).toEqual(bus.published.slice(0, 2));
    expect(problems[0]).toContain('lease was lost');
  });

  it('leases again after it lost its leases', async () => {
    const outbox = new InMemoryOutbox(log);
    void relay({ outbox }).run();
    await until(() => observed.leases.length === 1, 'the lease');
    outbox.die();
    await append(1);
    await until(() => waiting() === 0, 'an empty outbox');
    expect(observed.leases.length).toBeGreaterThanOrEqual(2);
  });

  it('takes over what another relay lets go', async () => {
    const first = new RelayLoop({
      outbox: new InMemoryOutbox(log),
      bus: new InMemoryEventBus(),
      clock: new SystemClock(),
      onProblem: () => undefined,
    });
    void first.run();
    await until(() => log.holders.size === 16, 'the first lease');
    const clock = new FixedClock();
    void relay({ clock }).run();
    await until(() => observed.leases.length === 1, 'the second lease');
    await first.stop();
    await append(1);
    clock.advance(3);
    await until(() => waiting() === 0, 'an empty outbox');
    expect(observed.leases).toEqual([0, 16]);
    expect(publishedSequences()).toEqual([1]);
  });

  it('sends nothing of a batch whose lease was lost between reading and sending', async () => {
    await append(2);
    const outbox = new InMemoryOutbox(log);
    let deaths = 0;
    const faults = (point: string): void => {
      if (point !== 'after_read' || (deaths += 1) > 1) return;
      outbox.die(); // Stopped for long, and another has taken over meanwhile.
    };
    void relay({ outbox, faults }).run();
    await until(() => waiting() === 0, 'an empty outbox');
    expect(publishedSequences()).toEqual([1, 2]);
    expect(problems[0]).toContain('lease was lost');
  });

  it('tells how long nothing got through, also while a batch is on its way for ever', async () => {
    const clock = new FixedClock();
    const publish = { value: () => new Promise(() => undefined) };
    const silent = Object.create(bus, { publish }) as EventBus;
    await append(1);
    const running = relay({ clock, bus: silent });
    void running.run();
    await until(() => observed.leases.length > 0, 'the lease');
    clock.advance(61);
    expect(running.stalledSeconds).toBe(61);
  }, 60_000);

  it('counts an empty outbox as progress', async () => {
    const clock = new FixedClock();
    const running = relay({ clock });
    clock.advance(61);
    void running.run();
    await until(() => running.stalledSeconds === 0, 'a turn');
  });

  it.each(['after_read', 'after_publish_before_mark', 'after_mark'])(
    'passes %s once a batch',
    async (wanted) => {
      await append(4);
      const passed: string[] = [];
      void relay({ batchRecordsMax: 2, faults: (point) => passed.push(point) }).run();
      await until(() => waiting() === 0, 'an empty outbox');
      await until(() => passed.at(-1) === 'after_mark', 'the end of the turn');
      expect(passed.filter((point) => point === wanted)).toHaveLength(2);
    },
  );

  it('publishes nothing after it was stopped, and gives its leases up', async () => {
    const running = relay();
    void running.run();
    await until(() => log.holders.size === 16, 'the lease');
    await running.stop();
    await append(1);
    expect(log.holders.size).toBe(0);
    await pause(30);
    expect(bus.published).toEqual([]);
  });
});
