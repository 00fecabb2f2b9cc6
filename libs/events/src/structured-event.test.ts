import fc from 'fast-check';
import { codePoint } from '#testing';
import { SystemClock } from '#kernel';
import {
  decodeStructured,
  encodeStructured,
  EVENT_BYTES_MAX,
  EventFactory,
  EventUnreadable,
  type RecordedEvent,
} from '#events';

const factory = new EventFactory({
  clock: new SystemClock(),
  environment: 'prod',
  deployment: 'eu-1',
  component: 'sts',
});

const anEvent = (reason = 'gone', handleId = 'hdl_a'): RecordedEvent => ({
  ...factory.create('dev.postern.handle.revoked.v1', {
    subject: `handle/${handleId}`,
    partitionKey: handleId,
    correlationId: 'req_1',
    data: {
      handle_id: handleId,
      family_id: 'fam_1',
      scope: 'handle',
      reason,
      initiator: 'admin',
      revoked_at: 1,
    },
  }),
  recordedtime: '2026-11-20T12:00:00.127Z',
  sequence: '00000000000000000001',
});

/** The record of an event that was changed into something else. */
const tampered = (change: object): ReturnType<typeof encodeStructured> => {
  const record = encodeStructured(anEvent());
  const body = JSON.parse(record.value.toString()) as object;
  return { ...record, value: Buffer.from(JSON.stringify({ ...body, ...change })) };
};

describe('an event as a Kafka record', () => {
  it('is a CloudEvent in structured mode, keyed by its partition key', () => {
    const event = anEvent();
    const { key, value, headers } = encodeStructured(event);
    expect(key).toBe('hdl_a');
    expect(JSON.parse(value.toString())).toEqual(event);
    expect(headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      ce_id: event.id,
      ce_type: 'dev.postern.handle.revoked.v1',
      ce_source: 'urn:postern:eu-1:sts',
      ce_subject: 'handle/hdl_a',
      ce_time: event.time,
      ce_sequence: '00000000000000000001',
      ce_env: 'prod',
    });
  });

  it('has the same bytes each time', () => {
    const event = anEvent();
    expect(encodeStructured(structuredClone(event)).value).toEqual(encodeStructured(event).value);
  });

  it('is read back as it was, for any text in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, maxLength: 200 }), (reason) => {
        const event = anEvent(reason);
        expect(decodeStructured(encodeStructured(event))).toEqual(event);
      }),
    );
  });

  it('is read when its headers are buffers, as kafkajs hands them out, or missing', () => {
    const { key, value, headers } = encodeStructured(anEvent());
    const buffers = Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
    );
    const bare = { 'content-type': 'application/cloudevents+json' };
    expect(decodeStructured({ key: Buffer.from(key), value, headers: buffers }).id).toBeTruthy();
    expect(decodeStructured({ key, value, headers: bare }).id).toBeTruthy();
  });

  it('keeps the fields that a later version added', () => {
    const later = tampered({ tenant: 't_1' });
    expect(decodeStructured(later)).toMatchObject({ tenant: 't_1' });
  });
});

describe('a record that is no event', () => {
  const record = encodeStructured(anEvent());
  const bytes = (text: string): Buffer => Buffer.from(text);

  it.each([
    ['a tombstone', { ...record, value: null }, 'not_structured'],
    [
      'binary mode',
      { ...record, headers: { 'content-type': 'application/json' } },
      'not_structured',
    ],
    ['no content type', { ...record, headers: {} }, 'not_structured'],
    ['no JSON', { ...record, value: bytes('{"id":') }, 'not_json'],
    ['a JSON list', { ...record, value: bytes('[]') }, 'not_an_event'],
    ['another specversion', tampered({ specversion: '0.3' }), 'not_an_event'],
    ['an id that is no UUID', tampered({ id: '1' }), 'not_an_event'],
    ['a short sequence', tampered({ sequence: '1' }), 'not_an_event'],
    ['a type of somebody else', tampered({ type: 'com.example.made.up' }), 'not_an_event'],
    ['an unknown type of ours', tampered({ type: 'dev.postern.handle.melted.v1' }), 'unknown_type'],
    ['a later major version', tampered({ type: 'dev.postern.handle.revoked.v2' }), 'unknown_type'],
    ['a name of every object', tampered({ type: 'dev.postern.to.string.v1' }), 'unknown_type'],
    ['data of another shape', tampered({ data: { handle_id: 'hdl_a' } }), 'wrong_data'],
    ['another key', { ...record, key: 'hdl_b' }, 'wrong_key'],
    ['no key', { ...record, key: null }, 'wrong_key'],
    [
      'a header that says another type',
      { ...record, headers: { ...record.headers, ce_type: 'dev.postern.handle.issued.v1' } },
      'headers_differ',
    ],
    [
      'more bytes than allowed',
      { ...record, value: Buffer.alloc(EVENT_BYTES_MAX + 1) },
      'too_large',
    ],
  ])('is refused: %s', (_, broken, reason) => {
    expect(() => decodeStructured(broken)).toThrow(EventUnreadable);
    expect(() => decodeStructured(broken)).toThrow(expect.objectContaining({ reason }) as Error);
  });

  it('is refused with the name of the field and without what was in it', () => {
    const broken = tampered({ data: { handle_id: 'hdl_a', scope: 'canary-31c9' } });
    const act = (): unknown => decodeStructured(broken);
    expect(act).toThrow(/data\.family_id/);
    const wrongScope = tampered({ data: { ...anEvent().data, scope: 'canary-31c9' } });
    expect(() => decodeStructured(wrongScope)).toThrow(/^data\.scope: (?!.*canary)/);
    const cut = { ...record, value: bytes('canary-31c9') };
    expect(() => decodeStructured(cut)).toThrow(/^(?!.*canary)/);
  });

  it('never makes anything but an event or EventUnreadable, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const broken = { ...record, value: Buffer.from(noise) };
        expect(() => decodeStructured(broken)).toThrow(EventUnreadable);
      }),
    );
  });
});
