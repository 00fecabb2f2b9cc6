import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { format } from 'prettier';
import {
  asyncApiDocument,
  CATALOGUE,
  encodeEvent,
  EVENT_TOPICS,
  type EventType,
  INCOMING_TOPICS,
  type RecordedEvent,
  topicOf,
  TOPIC_LAYOUTS,
} from '#events';

/** UPDATE_SCHEMAS=1 writes docs/asyncapi.json anew, after a change of the catalogue that was meant. */
const update = process.env['UPDATE_SCHEMAS'] !== undefined;
const file = path.resolve('docs/asyncapi.json');
const types = Object.keys(CATALOGUE) as EventType[];

interface Message {
  readonly name: string;
  readonly contentType?: string;
  readonly headers?: object;
  readonly payload: object;
}
interface Channel {
  readonly address: string;
  readonly messages: Readonly<Record<string, { readonly $ref: string }>>;
  readonly bindings: { readonly kafka: Readonly<Record<string, unknown>> };
}
interface Document {
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<
    Record<string, { readonly action: string; readonly channel: { readonly $ref: string } }>
  >;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
}
const document = asyncApiDocument() as unknown as Document;

// `strict: false`: the official schema uses formats and keywords that Ajv does not know.
const newAjv = (): Ajv => {
  const ajv = new Ajv({ strict: false, allErrors: false });
  addFormats.default(ajv);
  return ajv;
};
const { schemasWithoutId } = createRequire(import.meta.url)('@asyncapi/specs') as {
  readonly schemasWithoutId: Readonly<Record<string, object>>;
};
const official = newAjv().compile(schemasWithoutId['3.0.0']!);

const described = newAjv().addSchema({ $id: 'asyncapi', components: document.components });
/** The validator of a part of a message, with the schemas that it refers to. */
const partOf = (message: string, part: 'payload' | 'headers'): ValidateFunction =>
  described.getSchema(`asyncapi#/components/messages/${message}/${part}`)!;
const goldenOf = (message: string): RecordedEvent =>
  JSON.parse(
    readFileSync(path.resolve(`test/golden/events/${message}.full.json`), 'utf8'),
  ) as RecordedEvent;

describe('the AsyncAPI document', () => {
  beforeAll(async () => {
    if (!update) return;
    await writeFile(
      file,
      await format(JSON.stringify(document), { parser: 'json', printWidth: 100 }),
    );
  });

  it('is published in docs/asyncapi.json as the catalogue and the topics say it', () => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(document);
  });

  it('is valid by the JSON Schema of AsyncAPI 3.0.0', () => {
    official(document);
    expect(official.errors).toBeNull();
  });

  it.each<[string, object]>([
    ['another version', { asyncapi: '2.6.0' }],
    ['no title', { info: { version: '1' } }],
    [
      'an operation that neither sends nor receives',
      { operations: { x: { action: 'publish', channel: {} } } },
    ],
    [
      'a channel with another binding of Kafka',
      { channels: { x: { bindings: { kafka: { partitions: 0, bindingVersion: '0.5.0' } } } } },
    ],
  ])('is checked by a schema that refuses %s', (_, change) => {
    expect(official({ ...document, ...change })).toBe(false);
  });

  it('has a channel for each topic, laid out as the topic is', () => {
    const laidOut = Object.values(document.channels)
      .filter(({ address }) => !address.includes('{'))
      .map(({ address, bindings: { kafka } }) => [
        address,
        kafka['topic'],
        kafka['partitions'],
        kafka['topicConfiguration'],
      ]);
    const expected = Object.entries(TOPIC_LAYOUTS).map(
      ([topic, { partitions, cleanup, retentionMs }]) => [
        topic,
        topic,
        partitions,
        { 'cleanup.policy': [cleanup], 'retention.ms': retentionMs },
      ],
    );
    expect(laidOut).toEqual(expected);
  });

  it.each(types)('has %s on the channel of its topic, and on no other', (type) => {
    const name = type.slice('dev.postern.'.length);
    const holders = Object.values(document.channels).filter(({ messages }) => name in messages);
    expect(holders.map(({ address }) => address)).toEqual([topicOf(type)]);
    expect(document.components.messages[name]?.name).toBe(type);
  });

  it('receives from the topics that others write, and sends to all others', () => {
    const addresses = (action: string): string[] =>
      Object.values(document.operations)
        .filter((operation) => operation.action === action)
        .map(({ channel }) => document.channels[channel.$ref.slice('#/channels/'.length)]!.address);
    expect(addresses('receive')).toEqual([...INCOMING_TOPICS]);
    expect(addresses('send')).toEqual([...EVENT_TOPICS, 'postern.dlq.{group}.v1']);
  });

  it('refers to nothing that is not in it', () => {
    const addresses = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
      (match) => match[1]!,
    );
    const missing = addresses.filter(
      (address) =>
        address
          .split('/')
          .reduce<unknown>(
            (at, name) => (at as Record<string, unknown> | undefined)?.[name],
            document,
          ) === undefined,
    );
    expect([addresses.length > types.length, missing]).toEqual([true, []]);
  });
});

describe('the messages of the AsyncAPI document', () => {
  const structured = types
    .map((type) => type.slice('dev.postern.'.length))
    .filter((name) => name !== 'revocation.cleared.v1');

  it.each(structured)('%s describes the golden event, and the headers it is sent with', (name) => {
    const event = goldenOf(name);
    expect(partOf(name, 'payload')(event)).toBe(true);
    expect(partOf(name, 'headers')(encodeEvent(event).headers)).toBe(true);
  });

  it('refuse events of another type, and those without data', () => {
    const payload = partOf('handle.revoked.v1', 'payload');
    expect(payload(goldenOf('handle.issued.v1'))).toBe(false);
    expect(payload({ ...goldenOf('handle.revoked.v1'), data: {} })).toBe(false);
  });

  it('describe a tombstone by its headers: it has no value', () => {
    const { value, headers } = encodeEvent(goldenOf('revocation.cleared.v1'));
    expect(partOf('revocation.cleared.v1', 'payload')(value)).toBe(true);
    expect(partOf('revocation.cleared.v1', 'headers')(headers)).toBe(true);
    const untold = { ...headers, ce_type: undefined };
    expect(partOf('revocation.cleared.v1', 'headers')(untold)).toBe(false);
  });

  it('describe a command as a compact JWS, of which nothing is believed yet', () => {
    const command = partOf('command', 'payload');
    expect(['e30.e30.c2ln', 'no token', 'e30.e30', ''].map((text) => command(text))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(document.components.messages['command']?.contentType).toBe('application/secevent+jwt');
  });
});
