import { SystemClock } from '#kernel';
import { FixedClock } from '#testing';
import { CanaryTally } from './canary-tally.js';
import { EventFactory, type PosternEvent, type RecordedEvent } from './postern-event.js';

describe('CanaryTally', () => {
  let clock: FixedClock;
  let tally: CanaryTally;
  const factory = (): EventFactory =>
    new EventFactory({ clock, environment: 'test', deployment: 'test', component: 'relay' });
  const recorded = (event: PosternEvent, sequence: number): RecordedEvent => ({
    ...event,
    recordedtime: event.time,
    sequence: String(sequence).padStart(20, '0'),
  });
  const canary = (shard: number, sequence: number): RecordedEvent =>
    recorded(
      factory().create('dev.postern.canary.beat.v1', {
        subject: `canary/shard-${shard}`,
        partitionKey: `shard-${shard}-1`,
        correlationId: 'can_test',
        data: { shard },
      }),
      sequence,
    );

  beforeEach(() => {
    clock = new FixedClock();
    tally = new CanaryTally(clock);
  });

  it('tells how long a canary was on its way', () => {
    const event = canary(3, 1);
    clock.advance(2);
    expect(tally.saw(event)).toEqual({ shard: 3, delaySeconds: 2, missing: 0, repeated: false });
  });

  it('begins with whatever comes first', () => {
    expect(tally.saw(canary(3, 41))).toMatchObject({ missing: 0, repeated: false });
  });

  it('counts those that were left out, by shard', () => {
    tally.saw(canary(3, 41));
    tally.saw(canary(4, 7));
    expect(tally.saw(canary(3, 44))).toMatchObject({ missing: 2 });
    expect(tally.saw(canary(4, 8))).toMatchObject({ missing: 0 });
  });

  it('knows one that came before, and goes on after the last', () => {
    tally.saw(canary(3, 41));
    tally.saw(canary(3, 42));
    expect(tally.saw(canary(3, 41))).toMatchObject({ repeated: true, missing: 0 });
    expect(tally.saw(canary(3, 43))).toMatchObject({ repeated: false, missing: 0 });
  });

  it('tells of each shard how long ago its last canary came, or since when none did', () => {
    clock.advance(5);
    tally.saw(canary(3, 1));
    clock.advance(10);
    expect(tally.agesSeconds).toHaveLength(16);
    expect([tally.agesSeconds[3], tally.agesSeconds[4]]).toEqual([10, 15]);
  });

  it('does not count what is no canary', () => {
    const other = new EventFactory({
      clock: new SystemClock(),
      environment: 'test',
      deployment: 'test',
      component: 'control',
    }).create('dev.postern.handle.revoked.v1', {
      subject: 'handle/hdl_a',
      partitionKey: 'hdl_a',
      correlationId: 'req_test',
      data: {
        handle_id: 'hdl_a',
        family_id: 'fam_a',
        scope: 'handle',
        reason: 'test',
        initiator: 'system',
        revoked_at: 1,
      },
    });
    expect(tally.saw(recorded(other, 1))).toBeUndefined();
  });
});
