import {
  type BuriedLetter,
  type DeadLetter,
  errorClassOf,
  EVENT_TOPICS,
  type IncomingRecord,
  type RecordPlace,
  type Topic,
  TOPIC_LAYOUTS,
  TOPICS,
} from '#events';
import { type RawHeaders, type RawRecord } from './raw-record.js';

const ORIGIN = {
  topic: 'x-origin-topic',
  partition: 'x-origin-partition',
  offset: 'x-origin-offset',
  timestamp: 'x-origin-timestamp',
  errorClass: 'x-error-class',
  attempts: 'x-attempts',
  firstFailedAt: 'x-first-failed-at',
} as const;
const OWN_HEADERS: ReadonlySet<string> = new Set(Object.values(ORIGIN));
/** Instead of the value of a record that would not fit on the topic of dead letters with its new headers. */
const VALUE_BYTES = 'x-value-bytes';
const VALUE_BYTES_MAX = 900_000;

/** Tells that a record was published again, and which dead letter it was: `<topic>/<partition>/<offset>`. */
export const REPLAYED_FROM = 'x-replayed-from';

/** The record as it was, with where it lay and what class of error it was. */
export function buriedRecord(letter: DeadLetter, topic: string): RawRecord {
  const { place, record, error } = letter;
  const isLong = (record.value?.length ?? 0) > VALUE_BYTES_MAX;
  return {
    topic,
    key: record.key,
    value: isLong ? null : record.value,
    headers: {
      ...withoutOwn(record.headers ?? {}),
      ...(isLong ? { [VALUE_BYTES]: String(record.value?.length) } : {}),
      [ORIGIN.topic]: place.topic,
      [ORIGIN.partition]: String(place.partition),
      [ORIGIN.offset]: place.offset,
      [ORIGIN.timestamp]: letter.writtenAt,
      [ORIGIN.errorClass]: errorClassOf(error),
      [ORIGIN.attempts]: String(letter.attempts),
      [ORIGIN.firstFailedAt]: letter.firstFailedAt,
    },
  };
}

/** Of state and commands nothing is ever buried: what says so was put there to be published again. */
const BURIED_FROM = [...EVENT_TOPICS, TOPICS.detectionCandidates].filter(
  (topic) => TOPIC_LAYOUTS[topic].cleanup === 'delete',
);

/** Undefined when the record is no dead letter of ours: its headers do not say from which topic of evidence it came. */
export function letterOf(
  { key, value, headers = {} }: IncomingRecord,
  diedAt: string,
): BuriedLetter | undefined {
  const text = (name: string): string => headers[name]?.toString() ?? '';
  const topic = BURIED_FROM.find((known) => known === text(ORIGIN.topic));
  if (topic === undefined || !/^\d+$/.test(text(ORIGIN.offset))) return undefined;
  return {
    place: placeOf(topic, text(ORIGIN.partition), text(ORIGIN.offset)),
    writtenAt: text(ORIGIN.timestamp),
    errorClass: text(ORIGIN.errorClass),
    attempts: Number(text(ORIGIN.attempts)),
    firstFailedAt: text(ORIGIN.firstFailedAt),
    diedAt,
    record: { key, value, headers: withoutOwn(headers) },
  };
}

const placeOf = (topic: Topic, partition: string, offset: string): RecordPlace => ({
  topic,
  partition: Number(partition),
  offset,
});

/** Whether its value was too long to be kept. */
export const isCut = ({ record }: BuriedLetter): boolean =>
  record.headers?.[VALUE_BYTES] !== undefined;

const withoutOwn = (headers: NonNullable<IncomingRecord['headers']>): RawHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name)));
