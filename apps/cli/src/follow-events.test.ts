import { Buffer } from 'node:buffer';
import { type RecordedEvent, TOPICS, topicOfEvent } from '#events';
import { anOutboxEvent, InMemoryEventBus, InMemoryTopics, until } from '#testing';
import { eventFilter } from './event-filter.js';
import { eventFormat } from './event-format.js';
import { type Following, followEvents } from './follow-events.js';
import { UsageError } from './usage-error.js';

let topics: InMemoryTopics;
let printed: string[];
let complaints: string[];
let stop: AbortController;
beforeEach(() => {
  topics = new InMemoryTopics();
  printed = [];
  complaints = [];
  stop = new AbortController();
});

const recorded = (id: string): RecordedEvent => ({
  ...anOutboxEvent('hdl_a'),
  correlationid: id,
  recordedtime: '2026-11-20T12:00:00.127Z',
  sequence: '00000000000000000001',
});
const publish = async (...ids: readonly string[]): Promise<void> => {
  const events = ids.map(recorded);
  await new InMemoryEventBus(topics).publish(
    events.map((event) => ({ topic: topicOfEvent(event), key: event.partitionkey, event })),
  );
};
const follow = (more: Partial<Following> = {}): Promise<void> =>
  followEvents(new InMemoryEventBus(topics), {
    topics: [TOPICS.handle],
    from: 'earliest',
    limit: Number.POSITIVE_INFINITY,
    wanted: eventFilter({}, new Date(0)),
    format: ({ correlationid }) => correlationid,
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
    ended: stop.signal,
    ...more,
  });

describe('following events', () => {
  it('prints them in order until the limit', async () => {
    await publish('req_1', 'req_2', 'req_3');
    await follow({ limit: 2 });
    expect(printed).toEqual(['req_1', 'req_2']);
  });

  it('goes on until it is ended, and ends cleanly', async () => {
    const following = follow();
    await publish('req_1');
    await until(() => printed.length === 1, 'the first line');
    await publish('req_2');
    await until(() => printed.length === 2, 'the second line');
    stop.abort();
    await following;
    expect(printed).toEqual(['req_1', 'req_2']);
  });

  it('counts and prints only what is wanted', async () => {
    await publish('req_1', 'req_2', 'req_3');
    await follow({ limit: 1, wanted: eventFilter({ correlation: 'req_3' }, new Date(0)) });
    expect(printed).toEqual(['req_3']);
  });

  it('passes over, and does not count, what the format has no word for', async () => {
    await publish('req_1', 'req_2');
    await follow({
      limit: 1,
      format: ({ correlationid }) => (correlationid === 'req_1' ? undefined : correlationid),
    });
    expect(printed).toEqual(['req_2']);
  });

  it('tells of a record that cannot be read, without what it says, and goes on', async () => {
    const value = Buffer.from('{"secret": "hunter2"');
    const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
    new InMemoryEventBus(topics).put(TOPICS.handle, { key: 'hdl_a', value, headers });
    await publish('req_1');
    await follow({ limit: 1 });
    expect([printed, complaints.length]).toEqual([['req_1'], 1]);
    expect(complaints[0]).toContain('a record was passed over (not_json)');
    expect(complaints[0]).not.toContain('hunter2');
  });

  it('ends at once when it was ended before it began', async () => {
    stop.abort();
    await publish('req_1');
    await expect(follow()).resolves.toBeUndefined();
  });

  it('closes the bus, however it ends', async () => {
    const bus = new InMemoryEventBus(topics);
    stop.abort();
    await followEvents(bus, {
      topics: [TOPICS.handle],
      from: 'latest',
      limit: 1,
      wanted: () => true,
      format: eventFormat('json'),
      print: () => undefined,
      complain: () => undefined,
      ended: stop.signal,
    });
    await expect(bus.publish([])).rejects.toMatchObject({ code: 'dependency-unavailable' });
  });
});

describe('the formats', () => {
  const event = recorded('req_1');

  it('are a line for people, and the event as it is', () => {
    expect(eventFormat('line')(event)).toContain('correlation=req_1');
    expect(JSON.parse(eventFormat('json')(event) ?? '')).toEqual(event);
  });

  it('are the words of others, for events that these have words for', () => {
    const issued = { ...event, type: 'dev.postern.handle.issued.v1' } as RecordedEvent;
    expect([eventFormat('ocsf')(issued), eventFormat('caep')(issued)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each(['xml', '', 'constructor'])('are not "%s"', (name) => {
    expect(() => eventFormat(name)).toThrow(UsageError);
  });
});
