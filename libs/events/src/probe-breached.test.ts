import { FixedClock } from '#testing';
import { CATALOGUE } from './catalogue.js';
import { EventFactory, topicOfEvent } from './postern-event.js';
import { probeBreached } from './probe-breached.js';

const events = new EventFactory({
  clock: new FixedClock(),
  environment: 'test',
  deployment: 'test',
  component: 'sts',
});

describe('the event of a breach', () => {
  it('is of the highest severity, about the door that stood open', () => {
    const event = probeBreached(events, { door: 'call', permitted: 'a call', detail: 'how' });
    expect(event).toMatchObject({
      type: 'dev.postern.probe.breached.v1',
      severitytext: 'FATAL',
      subject: 'probe/call',
      partitionkey: 'probe/call',
      data: { probe: 'call', permitted: 'a call', detail: 'how' },
    });
    expect(topicOfEvent(event)).toBe('postern.policy.v1');
  });

  it('fits the catalogue and its size, whatever is told', () => {
    const long = 'x'.repeat(100_000);
    const event = probeBreached(events, { door: 'exchange', permitted: long, detail: long });
    expect(CATALOGUE['dev.postern.probe.breached.v1'].safeParse(event.data).success).toBe(true);
    expect(JSON.stringify(event).length).toBeLessThan(4096);
  });
});
