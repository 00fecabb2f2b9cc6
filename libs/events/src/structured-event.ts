import { Buffer } from 'node:buffer';
import { type z } from 'zod';
import { CATALOGUE, type EventType } from './catalogue.js';
import { recordedEnvelope } from './envelope.js';
import { EVENT_BYTES_MAX } from './event-journal.js';
import { EventUnreadable } from './event-unreadable.js';
import { type RecordedEvent } from './postern-event.js';

/** CloudEvents Kafka binding 1.0.2, section 3.3: the prefix tells structured mode from binary. */
const STRUCTURED_PREFIX = 'application/cloudevents';
export const STRUCTURED_CONTENT_TYPE = 'application/cloudevents+json; charset=UTF-8';

/** A Kafka record without its topic. */
export interface StructuredRecord {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

type HeaderValue = Buffer | string | readonly (Buffer | string)[] | undefined;

/** A record as a client hands it out. */
export interface IncomingRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue>> | undefined;
}

/**
 * CloudEvents 1.0 in structured mode, with the attributes that routers look at repeated as headers (Kafka binding
 * section 3.3.3). The same event always gives the same bytes.
 */
export function encodeStructured(event: RecordedEvent): StructuredRecord {
  return {
    key: event.partitionkey,
    value: Buffer.from(JSON.stringify(event)),
    headers: { 'content-type': STRUCTURED_CONTENT_TYPE, ...repeatedHeaders(event) },
  };
}

const repeatedHeaders = (event: RecordedEvent): Record<string, string> => ({
  ce_id: event.id,
  ce_type: event.type,
  ce_source: event.source,
  ce_subject: event.subject,
  ce_time: event.time,
  ce_sequence: event.sequence,
  ce_env: event.env,
});

/**
 * The event of a record, with every field it came with: those that this version does not know too.
 * @throws EventUnreadable when it is not in structured mode, has another shape than its type's schema, or when its key
 *   or a repeated header says something else than the event.
 */
export function decodeStructured(record: IncomingRecord): RecordedEvent {
  const event = validEvent(parseBody(record));
  requireSameKey(record, event);
  requireSameHeaders(record, event);
  return event;
}

/** @throws EventUnreadable when the body is no event, or none that the catalogue knows in this shape. */
export function validEvent(body: unknown): RecordedEvent {
  const event = readEnvelope(body);
  requireKnownData(event);
  return event;
}

function parseBody({ value, headers }: IncomingRecord): unknown {
  const contentType = headerText(headers?.['content-type']);
  if (value === null || !contentType?.startsWith(STRUCTURED_PREFIX)) {
    throw new EventUnreadable('not_structured', 'the record is no CloudEvent in structured mode');
  }
  if (value.length > EVENT_BYTES_MAX) {
    throw new EventUnreadable(
      'too_large',
      `the event has ${value.length} bytes, ${EVENT_BYTES_MAX} are allowed`,
    );
  }
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    // The parser's own message quotes the text that it stumbled over.
    throw new EventUnreadable('not_json', 'the value of the record is no JSON');
  }
}

function readEnvelope(body: unknown): RecordedEvent {
  const { error } = recordedEnvelope.safeParse(body);
  if (error !== undefined) throw new EventUnreadable('not_an_event', firstProblem(error));
  return body as RecordedEvent;
}

/** @throws EventUnreadable when `data` does not have the shape that the catalogue gives its type. */
function requireKnownData({ type, data }: { type: string; data: unknown }): void {
  if (!isEventType(type)) {
    throw new EventUnreadable('unknown_type', `this version does not know events of type ${type}`);
  }
  const { error } = CATALOGUE[type].safeParse(data);
  if (error !== undefined) throw new EventUnreadable('wrong_data', firstProblem(error, 'data'));
}

export const isEventType = (type: string): type is EventType => Object.hasOwn(CATALOGUE, type);

function requireSameKey({ key }: IncomingRecord, event: RecordedEvent): void {
  if (key?.toString() === event.partitionkey) return;
  throw new EventUnreadable('wrong_key', 'the key of the record is not the partitionkey');
}

/** Who routes by a header must not be told something else than who reads the event. */
function requireSameHeaders({ headers = {} }: IncomingRecord, event: RecordedEvent): void {
  for (const [name, expected] of Object.entries(repeatedHeaders(event))) {
    const given = headerText(headers[name]);
    if (given === undefined || given === expected) continue;
    throw new EventUnreadable('headers_differ', `the header ${name} differs from the event`);
  }
}

export const headerText = (value: HeaderValue): string | undefined =>
  value === undefined ? undefined : value.toString();

function firstProblem(error: z.ZodError, parent?: string): string {
  const [issue] = error.issues;
  const path = [...(parent === undefined ? [] : [parent]), ...(issue?.path ?? [])].join('.');
  return `${path === '' ? 'the event' : path}: ${issue?.message ?? 'has another shape'}`;
}
