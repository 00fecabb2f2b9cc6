import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  CATALOGUE,
  decodeEvent,
  decodeStructured,
  encodeEvent,
  EventFactory,
  EventUnreadable,
  type IncomingRecord,
  isTombstone,
  type RecordedEvent,
} from '#events';
import { anOutboxEvent, FixedClock } from '#testing';

const factory = new EventFactory({
  clock: new FixedClock(),
  environment: 'test',
  deployment: 'codec',
  component: 'control',
});
const recorded = (event: ReturnType<typeof factory.create>): RecordedEvent => ({
  ...event,
  recordedtime: '2026-11-21T10:00:00.000Z',
  sequence: '00000000000000000042',
});
const cleared = (): RecordedEvent =>
  recorded(
    factory.create('dev.postern.revocation.cleared.v1', {
      subject: 'family/fam_ü',
      partitionKey: 'family:fam_ü',
      correlationId: randomUUID(),
      data: {},
    }),
  );
/** As a client of Kafka hands it out: bytes. */
const asRead = (event: RecordedEvent): IncomingRecord => {
  const { key, value, headers } = encodeEvent(event);
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return { key: Buffer.from(key), value, headers: Object.fromEntries(bytes) as never };
};
const changed = (headers: Record<string, string | undefined>): IncomingRecord => {
  const record = asRead(cleared());
  return { ...record, headers: { ...record.headers, ...headers } };
};
/** Why it is refused. Jest's `toThrow` looks at the message alone. */
const reasonOf = (record: IncomingRecord): string => {
  const decode = jest.fn(() => decodeEvent(record));
  expect(decode).toThrow(EventUnreadable);
  const [thrown] = decode.mock.results.filter(({ type }) => type === 'throw');
  return (thrown?.value as EventUnreadable).reason;
};

describe('the codec of events', () => {
  it('sends a tombstone in binary mode: no value, no content type, each attribute as a header', () => {
    const event = cleared();
    const { key, value, headers } = encodeEvent(event);
    expect(value).toBeNull();
    expect(key).toBe(event.partitionkey);
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      ce_subject: event.subject,
      ce_time: event.time,
      ce_dataschema: event.dataschema,
      ce_partitionkey: event.partitionkey,
      ce_sequence: event.sequence,
      ce_recordedtime: event.recordedtime,
      ce_correlationid: event.correlationid,
      ce_severitytext: 'INFO',
      ce_dataclassification: 'internal',
      ce_env: 'test',
    });
  });

  it('reads a tombstone as the event that it was, with empty data', () => {
    const event = cleared();
    expect(decodeEvent(asRead(event))).toEqual(event);
  });

  it('sends and reads everything else in structured mode', () => {
    const event = recorded(anOutboxEvent('hdl_a'));
    expect(decodeStructured(asRead(event))).toEqual(event);
    expect(decodeEvent(asRead(event))).toEqual(event);
  });

  it.each([
    ['of another type', { ce_type: 'dev.postern.handle.revoked.v1' }, 'not_structured'],
    ['without a type', { ce_type: undefined }, 'not_structured'],
    ['with a content type', { 'content-type': 'application/json' }, 'not_structured'],
    ['without an id', { ce_id: undefined }, 'not_an_event'],
    ['with a sequence that is none', { ce_sequence: '42' }, 'not_an_event'],
    ['of another key', { ce_partitionkey: 'family:other' }, 'wrong_key'],
    ['that is too large', { ce_more: 'x'.repeat(16_384) }, 'too_large'],
  ] as const)('refuses a record without a value %s', (_, headers, reason) => {
    expect(reasonOf(changed(headers))).toBe(reason);
  });

  it('keeps attributes of a tombstone that this version does not know', () => {
    expect(decodeEvent(changed({ ce_tenant: 't_1' }))).toMatchObject({ tenant: 't_1' });
  });

  it('takes no type for a tombstone that is not one', () => {
    expect(Object.keys(CATALOGUE).filter(isTombstone)).toEqual([
      'dev.postern.revocation.cleared.v1',
    ]);
  });
});
