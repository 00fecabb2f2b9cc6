import { type Buffer } from 'node:buffer';
import { EVENT_BYTES_MAX } from './event-journal.js';
import { EventUnreadable } from './event-unreadable.js';
import { type RecordedEvent } from './postern-event.js';
import {
  decodeStructured,
  encodeStructured,
  headerText,
  type IncomingRecord,
  validEvent,
} from './structured-event.js';

/** A Kafka record without its topic; a tombstone has no value. */
export interface EncodedEvent {
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Event types that remove what lies under their key on a compacted topic. For that a record must have no value: they are
 * sent in binary mode (CloudEvents Kafka binding 1.0.2, section 3.2), each attribute as a header.
 */
const TOMBSTONES: ReadonlySet<string> = new Set(['dev.postern.revocation.cleared.v1']);

export const isTombstone = (type: string): boolean => TOMBSTONES.has(type);

const HEADER_PREFIX = 'ce_';
/** Says what the value is; a tombstone has none. */
const CONTENT_ATTRIBUTE = 'datacontenttype';

/** As `encodeStructured`; a tombstone in binary mode, without a value. */
export function encodeEvent(event: RecordedEvent): EncodedEvent {
  if (!isTombstone(event.type)) return encodeStructured(event);
  const attributes = Object.entries(event).filter(
    (entry): entry is [string, string] =>
      entry[0] !== CONTENT_ATTRIBUTE && typeof entry[1] === 'string',
  );
  const headers: Record<string, string> = {};
  for (const [name, value] of attributes) headers[`${HEADER_PREFIX}${name}`] = value;
  return { key: event.partitionkey, value: null, headers };
}

/**
 * The event of a record, structured or a tombstone, whose `data` is empty.
 * @throws EventUnreadable as `decodeStructured`; also for a record without a value that is no tombstone of ours.
 */
export const decodeEvent = (record: IncomingRecord): RecordedEvent =>
  record.value === null ? decodeTombstone(record) : decodeStructured(record);

type Attribute = readonly [name: string, value: string];

function decodeTombstone({ key, headers = {} }: IncomingRecord): RecordedEvent {
  const type = headerText(headers[`${HEADER_PREFIX}type`]);
  if (type === undefined || !isTombstone(type) || headers['content-type'] !== undefined) {
    throw new EventUnreadable('not_structured', 'the record has no value and is no tombstone');
  }
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith(HEADER_PREFIX))
    .map(([name, value]): Attribute => [name.slice(HEADER_PREFIX.length), headerText(value) ?? '']);
  requireSize(attributes);
  const body: unknown = {
    ...Object.fromEntries(attributes),
    [CONTENT_ATTRIBUTE]: 'application/json',
    data: {},
  };
  const event = validEvent(body);
  if (key?.toString() === event.partitionkey) return event;
  throw new EventUnreadable('wrong_key', 'the key of the record is not the partitionkey');
}

function requireSize(attributes: readonly Attribute[]): void {
  const characters = attributes.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (characters <= EVENT_BYTES_MAX) return;
  throw new EventUnreadable('too_large', `the headers have ${characters} characters`);
}
