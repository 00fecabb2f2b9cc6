import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { format } from 'prettier';
import {
  CATALOGUE,
  dataSchemaOf,
  decodeStructured,
  encodeStructured,
  ENVELOPE_SCHEMA_ID,
  type EventType,
  publishedSchemas,
  type RecordedEvent,
} from '#events';

/** UPDATE_SCHEMAS=1 writes docs/schemas anew, after a change of the catalogue that was meant. */
const update = process.env['UPDATE_SCHEMAS'] !== undefined;
const folder = path.resolve('docs/schemas');
const goldenFolder = path.resolve('test/golden/events');
const releasedFolder = path.resolve('test/golden/schemas');
const types = Object.keys(CATALOGUE) as EventType[];

type Json = Record<string, unknown>;
const parse = (text: string): Json => JSON.parse(text) as Json;
const golden = readdirSync(goldenFolder).map((file): [string, RecordedEvent] => [
  file,
  JSON.parse(readFileSync(path.join(goldenFolder, file), 'utf8')) as RecordedEvent,
]);

const withFormats = <T extends Ajv | Ajv2020>(ajv: T): T => {
  addFormats.default(ajv);
  return ajv;
};
const schemas = withFormats(new Ajv2020({ allErrors: true, strict: true }));
for (const schema of publishedSchemas().values()) schemas.addSchema(schema);
const cloudEvents = withFormats(new Ajv({ strict: false })).compile(
  parse(readFileSync(path.resolve('test/support/cloudevents/cloudevents.json'), 'utf8')),
);

const errorsOf = (validate: ValidateFunction | undefined, value: unknown): unknown => {
  if (validate === undefined) return 'no such schema';
  return validate(value) ? [] : validate.errors;
};

describe('the published schemas', () => {
  beforeAll(async () => {
    if (!update) return;
    for (const [file, schema] of publishedSchemas()) {
      const target = path.join(folder, file);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, await format(JSON.stringify(schema), { parser: 'json' }));
    }
  });

  it.each([...publishedSchemas()])('%s says what the catalogue says', async (file, schema) => {
    expect(parse(await readFile(path.join(folder, file), 'utf8'))).toEqual(schema);
  });

  it('are those of the catalogue and of the envelope, and no other', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const ofEvents = files.filter((file) => /^(?:cloudevent|.+\/[0-9]+)\.json$/.test(file));
    expect(ofEvents.sort()).toEqual([...publishedSchemas().keys()].sort());
  });

  it.each([...publishedSchemas()].filter(([file]) => file !== 'cloudevent.json'))(
    '%s has no field and no value that docs/events.md does not name',
    async (_, schema) => {
      const page = await readFile(path.resolve('docs/events.md'), 'utf8');
      expect(wordsOf(schema).filter((word) => !page.includes(word))).toEqual([]);
    },
  );

  it.each(types)('%s is found by the dataschema that its events carry', (type) => {
    expect(schemas.getSchema(dataSchemaOf(type))).toBeDefined();
  });
});

describe('the golden events', () => {
  it('are there for every type, with all fields and with the required ones only', () => {
    const expected = types.flatMap((type) => {
      const name = type.slice('dev.postern.'.length);
      return [`${name}.full.json`, `${name}.minimal.json`];
    });
    expect(golden.map(([file]) => file).sort()).toEqual(expected.sort());
  });

  it.each(golden)('%s is valid by CloudEvents 1.0.2', (_, event) => {
    expect(errorsOf(cloudEvents, event)).toEqual([]);
  });

  it.each(golden)('%s is valid by our envelope and the schema of its data', (_, event) => {
    expect(errorsOf(schemas.getSchema(ENVELOPE_SCHEMA_ID), event)).toEqual([]);
    expect(errorsOf(schemas.getSchema(event.dataschema), event.data)).toEqual([]);
  });

  it.each(golden)('%s is read as it was written', (_, event) => {
    expect(decodeStructured(encodeStructured(event))).toEqual(event);
  });

  it.each(golden)('%s stays valid when a later minor version adds a field', (_, event) => {
    const later = { ...event, tenant: 't_1', data: { ...event.data, added_later: { at: 1 } } };
    expect(errorsOf(schemas.getSchema(ENVELOPE_SCHEMA_ID), later)).toEqual([]);
    expect(errorsOf(schemas.getSchema(event.dataschema), later.data)).toEqual([]);
    expect(decodeStructured(encodeStructured(later))).toEqual(later);
  });

  it.each(golden)('%s has no field that the catalogue does not name', (_, event) => {
    const { error } = CATALOGUE[event.type].strict().safeParse(event.data);
    expect(error).toBeUndefined();
  });

  it.each(golden.filter(([file]) => file.endsWith('.minimal.json')))(
    '%s is refused as soon as any of its data is left out',
    (_, event) => {
      for (const name of Object.keys(event.data)) {
        const rest = Object.fromEntries(Object.entries(event.data).filter(([key]) => key !== name));
        expect(errorsOf(schemas.getSchema(event.dataschema), rest)).not.toEqual([]);
      }
    },
  );
});

describe('a schema that was released', () => {
  const released = readdirSync(releasedFolder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.json'),
  );

  it('is kept for every published one', () => {
    expect(released.sort()).toEqual([...publishedSchemas().keys()].sort());
  });

  it.each(released)('%s is still kept to: within a major version fields are only added', (file) => {
    const before = parse(readFileSync(path.join(releasedFolder, file), 'utf8'));
    expect(breaches(before, publishedSchemas().get(file) ?? {})).toEqual([]);
  });

  it.each([
    ['a field that is gone', { properties: { reason: undefined } }, 'reason is gone'],
    ['a type that changed', { properties: { reason: { type: 'integer' } } }, 'reason: its type'],
    ['a narrower enum', { properties: { kind: { enum: ['a'] } } }, 'kind: its values'],
    ['a field that became optional', { required: [] }, 'required fields differ'],
    ['a field that became required', { required: ['kind', 'reason'] }, 'required fields differ'],
  ])('is broken by %s', (_, change, told) => {
    const before = {
      type: 'object',
      properties: { reason: { type: 'string' }, kind: { type: 'string', enum: ['a', 'b'] } },
      required: ['kind'],
    };
    const properties = 'properties' in change ? change.properties : {};
    const after = { ...before, ...change, properties: { ...before.properties, ...properties } };
    expect(breaches(before, JSON.parse(JSON.stringify(after)) as Json).join()).toContain(told);
  });
});

/** What a consumer that was written for the one schema could stumble over in the other. */
function breaches(before: Json, after: Json, at = 'data'): string[] {
  const inFields = Object.entries(fieldsOf(before)).flatMap(([name, field]) => {
    const now = fieldsOf(after)[name];
    return now === undefined ? [`${at}.${name} is gone`] : breaches(field, now, `${at}.${name}`);
  });
  const same = (name: string): boolean => before[name] === after[name];
  return [
    ...(same('type') && same('const') ? [] : [`${at}: its type changed`]),
    ...(listOf(before, 'enum').every((value) => listOf(after, 'enum').includes(value))
      ? []
      : [`${at}: its values are fewer`]),
    ...(listOf(before, 'required').join() === listOf(after, 'required').join()
      ? []
      : [`${at}: required fields differ`]),
    ...inFields,
  ];
}

/** Names of fields, and the values of enums. */
const wordsOf = (schema: Json): string[] =>
  Object.entries(fieldsOf(schema)).flatMap(([name, field]) => [
    name,
    ...listOf(field, 'enum'),
    ...wordsOf(field),
  ]);

const fieldsOf = (schema: Json): Record<string, Json> =>
  (schema['properties'] ?? {}) as Record<string, Json>;
const listOf = (schema: Json, name: string): string[] =>
  [...((schema[name] ?? []) as string[])].sort();
