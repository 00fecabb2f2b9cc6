import { Buffer } from 'node:buffer';
import { type Message } from 'kafkajs';
import { encodeEvent, type RecordedEvent } from '#events';
import { anOutboxEvent } from '#testing';

const CONTENT_TYPE = { 'content-type': 'application/cloudevents+json' };
let sequence = 0;

const anEvent = (key: string, change: object = {}): RecordedEvent => {
  sequence += 1;
  return {
    ...anOutboxEvent(key),
    recordedtime: '2026-11-21T10:00:00.000Z',
    sequence: String(sequence).padStart(20, '0'),
    ...change,
  };
};
/** A record that every reader takes. */
export const aGoodRecord = (key: string): Message => ({
  ...encodeEvent(anEvent(key)),
  headers: CONTENT_TYPE,
});
const bent = (key: string, change: object): Message => ({
  key,
  value: encodeEvent(anEvent(key, change)).value,
  headers: CONTENT_TYPE,
});
/** Each kind of poison, with the class that it must be known by. */
export const POISONS: readonly (readonly [errorClass: string, record: (key: string) => Message])[] =
  [
    [
      'event-unreadable/not_json',
      (key) => ({ key, value: '{"canary-secret', headers: CONTENT_TYPE }),
    ],
    ['event-unreadable/not_structured', (key) => ({ key, value: Buffer.from([0, 255, 1]) })],
    ['event-unreadable/unknown_type', (key) => bent(key, { type: 'dev.postern.later.thing.v9' })],
    ['event-unreadable/wrong_data', (key) => bent(key, { data: { x: 1 } })],
    ['event-unreadable/wrong_key', (key) => ({ ...aGoodRecord('other'), key })],
  ];
