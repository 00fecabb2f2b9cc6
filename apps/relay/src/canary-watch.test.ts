import { type CanarySighting, EventFactory, type RecordedEvent, TOPICS } from '#events';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, InMemoryDeadLetters, InMemoryEventBus, until } from '#testing';
import { CanaryWatch } from './canary-watch.js';

describe('CanaryWatch', () => {
  let clock: FixedClock;
  let bus: InMemoryEventBus;
  let sightings: CanarySighting[];
  let watch: CanaryWatch;
  let deadLetters: InMemoryDeadLetters;
  let sequence: number;

  const beat = async (shard: number, deployment = 'postern'): Promise<void> => {
    const factory = new EventFactory({
      clock,
      environment: 'test',
      deployment,
      component: 'relay',
    });
    const key = `shard-${shard}-1`;
    const event = factory.create('dev.postern.canary.beat.v1', {
      subject: `canary/shard-${shard}`,
      partitionKey: key,
      correlationId: 'can_test',
      data: { shard },
    });
    sequence += 1;
    const recorded: RecordedEvent = {
      ...event,
      recordedtime: event.time,
      sequence: String(sequence).padStart(20, '0'),
    };
    await bus.publish([{ topic: TOPICS.canary, key, event: recorded }]);
  };

  beforeEach(() => {
    clock = new FixedClock();
    bus = new InMemoryEventBus();
    sightings = [];
    sequence = 0;
    deadLetters = new InMemoryDeadLetters();
    watch = new CanaryWatch({
      bus,
      clock,
      deadLetters,
      onDeadLetter: () => undefined,
      owner: { deployment: 'postern', environment: 'test' },
      onSighting: (sighting) => sightings.push(sighting),
      onAges: () => undefined,
      onProblem: () => undefined,
    });
  });
  afterEach(() => watch.stop());

  it('sees canaries that come after it began', async () => {
    await watch.look();
    await beat(3);
    await until(() => sightings.length === 1, 'the canary');
    expect(sightings).toMatchObject([{ shard: 3, missing: 0, repeated: false }]);
  });

  it('does not count those of another deployment on the same topics', async () => {
    await watch.look();
    await beat(3, 'other');
    await beat(4);
    await until(() => sightings.length > 0, 'our own canary');
    expect(sightings).toMatchObject([{ shard: 4 }]);
  });

  it('names the shards from which nothing came for a minute, and no other', async () => {
    await watch.look();
    expect(watch.note).toBeUndefined();
    clock.advance(61);
    for (let shard = 0; shard < 14; shard += 1) await beat(shard);
    await until(() => sightings.length === 14, 'the canaries');
    expect(watch.note).toBe('canaries: none came back for 60 s from shard 14, 15');
  });

  it('reads nothing any more when it was closed while it began', async () => {
    const look = watch.look();
    await Promise.all([watch.close(), look]);
    await watch.look();
    await beat(3);
    const other = new Promise<void>((resolve) => {
      void bus.subscribe({
        group: 'other',
        topics: [TOPICS.canary],
        from: 'earliest',
        handle: async () => resolve(),
        onFailure: () => undefined,
      });
    });
    await other; // What lies there was given to whoever reads.
    expect(sightings).toEqual([]);
  });

  it('begins anew when it could not begin at first', async () => {
    const subscribe = bus.subscribe.bind(bus);
    bus.subscribe = () => Promise.reject(new DependencyUnavailable('kafka', 'no broker'));
    await expect(watch.look()).rejects.toThrow('no broker');
    bus.subscribe = subscribe;
    await watch.look();
    await beat(3);
    await until(() => sightings.length === 1, 'the canary');
  });
});
