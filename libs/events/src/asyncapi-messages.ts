import { EVENT_BYTES_MAX } from './event-journal.js';
import { type EventType, topicOf } from './catalogue.js';
import { isTombstone } from './event-codec.js';
import { STRUCTURED_CONTENT_TYPE } from './structured-event.js';
import { TOPIC_LAYOUTS, TOPICS } from './topics.js';

/** An object of an AsyncAPI document. */
export type AsyncApiObject = Readonly<Record<string, unknown>>;

/** Version of the AsyncAPI bindings for Kafka. */
export const KAFKA_BINDING_VERSION = '0.5.0';
export const COMMAND_MESSAGE = 'command';
export const CANDIDATE_MESSAGE = 'detection-candidate';
export const DEAD_LETTER_MESSAGE = 'dead-letter';

const text = (description: string): AsyncApiObject => ({ type: 'string', description });

/** Attributes that every record repeats as headers, for routers without a JSON parser. */
const REPEATED = ['id', 'type', 'source', 'subject', 'time', 'sequence', 'env'];
/** Those that a tombstone has besides: it has nothing else to carry them in. */
const OF_TOMBSTONES = [
  ...['specversion', 'dataschema', 'recordedtime', 'partitionkey', 'correlationid'],
  ...['severitytext', 'dataclassification'],
];

const headers = (attributes: readonly string[], more: AsyncApiObject): AsyncApiObject => ({
  type: 'object',
  required: [...Object.keys(more), ...attributes.map((name) => `ce_${name}`)],
  properties: {
    ...more,
    ...Object.fromEntries(
      attributes.map((name) => [`ce_${name}`, text(`the attribute \`${name}\``)]),
    ),
  },
});

const keyedBy = (description: string): AsyncApiObject => ({
  kafka: { key: text(description), bindingVersion: KAFKA_BINDING_VERSION },
});

/** The short name of an event type: `exchange.permitted.v1`. */
export const messageNameOf = (type: EventType): string => type.slice('dev.postern.'.length);

/** The message of an event type; `data` and `envelope` are where their schemas lie in the document. */
export function eventMessage(type: EventType, data: string, envelope: string): AsyncApiObject {
  const bindings = keyedBy(
    `${TOPIC_LAYOUTS[topicOf(type)].key}; the same as the attribute partitionkey`,
  );
  if (isTombstone(type)) return { ...tombstone(type), bindings };
  return {
    name: type,
    title: messageNameOf(type),
    contentType: STRUCTURED_CONTENT_TYPE,
    headers: headers(REPEATED, {
      'content-type': { type: 'string', const: STRUCTURED_CONTENT_TYPE },
    }),
    correlationId: { location: '$message.payload#/correlationid' },
    payload: {
      allOf: [
        { $ref: envelope },
        { type: 'object', properties: { type: { const: type }, data: { $ref: data } } },
      ],
    },
    bindings,
  };
}

/** CloudEvents Kafka binding 1.0.2, section 3.2: in binary mode, without a value. */
const tombstone = (type: EventType): AsyncApiObject => ({
  name: type,
  title: messageNameOf(type),
  summary: 'A record without a value: from here on nothing lies under its key.',
  headers: headers([...REPEATED, ...OF_TOMBSTONES], {}),
  correlationId: { location: '$message.header#/ce_correlationid' },
  payload: { type: 'null' },
});

/** RFC 8417: what it says is in its claims, and nothing of it is believed before its signature. */
export const commandMessage = (): AsyncApiObject => ({
  name: 'command',
  title: 'Signed command',
  summary: 'A Security Event Token in compact form, signed by a transmitter that is registered.',
  contentType: 'application/secevent+jwt',
  payload: {
    type: 'string',
    pattern: String.raw`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`,
    maxLength: EVENT_BYTES_MAX,
  },
  bindings: keyedBy(`${TOPIC_LAYOUTS[TOPICS.command].key}: \`<scope>:<id>\` of what it is for`),
});

/** `payload` is where its schema lies in the document. */
export const candidateMessage = (payload: string): AsyncApiObject => ({
  name: CANDIDATE_MESSAGE,
  title: 'Candidate of a rule that looks at windows',
  summary:
    'What a stream processor found. Nothing comes of it that the evidence does not bear out.',
  contentType: 'application/json',
  payload: { $ref: payload },
  bindings: keyedBy('JSON with `rule`, `entity_type`, `entity_id` and `start_at`'),
});

/** Any record that a consumer group gave up on. */
export const deadLetterMessage = (): AsyncApiObject => ({
  name: 'dead-letter',
  title: 'Dead letter',
  summary: 'A record as it was, with its own headers; these say where it lay and what was wrong.',
  headers: {
    type: 'object',
    required: ['x-origin-topic', 'x-origin-partition', 'x-origin-offset', 'x-error-class'],
    properties: {
      'x-origin-topic': text('the topic it lay on'),
      'x-origin-partition': text('decimal digits'),
      'x-origin-offset': text('decimal digits'),
      'x-origin-timestamp': text('when it was written, RFC 3339'),
      'x-error-class': text('what kind of error it was; never its text'),
      'x-attempts': text('how often its handler was asked; 0: it cannot be read'),
      'x-first-failed-at': text('RFC 3339'),
    },
  },
  payload: { description: 'The bytes of the original record.' },
  bindings: keyedBy('the key of the original record'),
});
