import {
  type AsyncApiObject,
  CANDIDATE_MESSAGE,
  candidateMessage,
  COMMAND_MESSAGE,
  commandMessage,
  DEAD_LETTER_MESSAGE,
  deadLetterMessage,
  eventMessage,
  KAFKA_BINDING_VERSION,
  messageNameOf,
} from './asyncapi-messages.js';
import { CATALOGUE, dataSchemaOf, type EventType, topicOf } from './catalogue.js';
import {
  CANDIDATE_SCHEMA_ID,
  ENVELOPE_SCHEMA_ID,
  incomingSchemas,
  publishedSchemas,
} from './published-schemas.js';
import { STRUCTURED_CONTENT_TYPE } from './structured-event.js';
import {
  DEAD_LETTER_LAYOUT,
  INCOMING_TOPICS,
  TOPIC_LAYOUTS,
  type TopicLayout,
  TOPICS,
} from './topics.js';

type TopicName = keyof typeof TOPICS;

const TYPES = Object.keys(CATALOGUE) as EventType[];
const TOPIC_NAMES = Object.keys(TOPICS) as TopicName[];
const DEAD_LETTERS = 'deadLetters';

/**
 * The AsyncAPI 3.0.0 document of what Postern sends to Kafka and receives from it: a channel a topic, a message an event
 * type, with the schemas of the catalogue. The same catalogue always gives the same document.
 */
export function asyncApiDocument(): AsyncApiObject {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Postern events',
      // Of the document's form; each message carries the major version of its own.
      version: '1.0.0',
      description:
        'What Postern tells, which signed commands it takes, and what it reads of a stream processor. See docs/events.md.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: STRUCTURED_CONTENT_TYPE,
    channels: {
      ...Object.fromEntries(TOPIC_NAMES.map((name) => [name, channel(name)])),
      [DEAD_LETTERS]: deadLettersChannel(),
    },
    operations: Object.fromEntries([...TOPIC_NAMES, DEAD_LETTERS].map(operation)),
    components: { messages: messages(), schemas: schemas() },
  };
}

function channel(name: TopicName): AsyncApiObject {
  const names = messagesOn(name);
  return {
    address: TOPICS[name],
    messages: references(names, (message) => `#/components/messages/${message}`),
    bindings: { kafka: { topic: TOPICS[name], ...topicBinding(TOPIC_LAYOUTS[TOPICS[name]]) } },
  };
}

function messagesOn(name: TopicName): readonly string[] {
  if (name === 'command') return [COMMAND_MESSAGE];
  if (name === 'detectionCandidates') return [CANDIDATE_MESSAGE];
  return TYPES.filter((type) => topicOf(type) === TOPICS[name]).map(messageNameOf);
}

const deadLettersChannel = (): AsyncApiObject => ({
  address: 'postern.dlq.{group}.v1',
  parameters: { group: { description: 'the consumer group that gave the records up' } },
  messages: references([DEAD_LETTER_MESSAGE], (message) => `#/components/messages/${message}`),
  bindings: { kafka: topicBinding(DEAD_LETTER_LAYOUT) },
});

const topicBinding = ({ partitions, cleanup, retentionMs }: TopicLayout): AsyncApiObject => ({
  partitions,
  topicConfiguration: { 'cleanup.policy': [cleanup], 'retention.ms': retentionMs },
  bindingVersion: KAFKA_BINDING_VERSION,
});

const RECEIVED = TOPIC_NAMES.filter((name) => INCOMING_TOPICS.includes(TOPICS[name]));

/** As Postern does it: it sends events, and receives what others write. */
function operation(name: string): [string, AsyncApiObject] {
  const action = (RECEIVED as readonly string[]).includes(name) ? 'receive' : 'send';
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return [`${action}${title}`, { action, channel: { $ref: `#/channels/${name}` } }];
}

const messages = (): AsyncApiObject => ({
  ...Object.fromEntries(
    TYPES.map((type) => [
      messageNameOf(type),
      eventMessage(type, schemaAddress(dataSchemaOf(type)), schemaAddress(ENVELOPE_SCHEMA_ID)),
    ]),
  ),
  [COMMAND_MESSAGE]: commandMessage(),
  [CANDIDATE_MESSAGE]: candidateMessage(schemaAddress(CANDIDATE_SCHEMA_ID)),
  [DEAD_LETTER_MESSAGE]: deadLetterMessage(),
});

/** Without `$schema` and `$id`: in the document their address is another. */
function schemas(): AsyncApiObject {
  const published = [...publishedSchemas().values(), ...incomingSchemas().values()];
  return Object.fromEntries(
    published.map(({ $schema: _, $id, ...schema }) => [schemaName(String($id)), schema]),
  );
}

/** `https://postern.dev/schemas/exchange.permitted/1.json` is `exchange.permitted.1` here. */
const schemaName = (id: string): string =>
  id
    .slice('https://postern.dev/schemas/'.length)
    .replace('/', '.')
    .replace(/\.json$/, '');

const schemaAddress = (id: string): string => `#/components/schemas/${schemaName(id)}`;

const references = (
  names: readonly string[],
  address: (name: string) => string,
): Readonly<Record<string, { readonly $ref: string }>> =>
  Object.fromEntries(names.map((name) => [name, { $ref: address(name) }]));
