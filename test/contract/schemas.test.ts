import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { format } from 'prettier';
import {
  CATALOGUE,
  dataSchemaOf,
  decodeEvent,
  encodeEvent,
  ENVELOPE_SCHEMA_ID,
  type EventType,
  incomingSchemas,
  isTombstone,
  publishedSchemas,
  type RecordedEvent,
} from '#events';
import {
  type JsonSchema,
  schemaBreaches,
  withOpenEnumerations,
  wordsOf,
} from './schema-breaches.js';
import { samplesOf } from './schema-samples.js';

/** UPDATE_SCHEMAS=1 writes docs/schemas anew, after a change of the catalogue that was meant. */
const update = process.env['UPDATE_SCHEMAS'] !== undefined;
const folder = path.resolve('docs/schemas');
const goldenFolder = path.resolve('test/golden/events');
/** What consumers were told: a release copies docs/schemas here (formatted), and nothing is edited afterwards. */
const releasedFolder = path.resolve('test/golden/schemas');
const types = Object.keys(CATALOGUE) as EventType[];

const SAMPLES_OF_A_SCHEMA = 20;

const everySchema = new Map([...publishedSchemas(), ...incomingSchemas()]);
const parse = (text: string): JsonSchema => JSON.parse(text) as JsonSchema;
const read = (...at: readonly string[]): string => readFileSync(path.join(...at), 'utf8');
const golden = readdirSync(goldenFolder).map((file): [string, RecordedEvent] => [
  file,
  JSON.parse(read(goldenFolder, file)) as RecordedEvent,
]);
/** A tombstone is a record without a value: no later version can add a field to it. */
const withData = golden.filter(([, { type }]) => !isTombstone(type));

const withFormats = <T extends Ajv | Ajv2020>(ajv: T): T => {
  addFormats.default(ajv);
  return ajv;
};
const schemas = withFormats(new Ajv2020({ allErrors: true, strict: true }));
for (const schema of publishedSchemas().values()) schemas.addSchema(schema);
const cloudEvents = withFormats(new Ajv({ strict: false })).compile(
  parse(read('test/support/cloudevents/cloudevents.json')),
);

/** What docs/events.md names: what stands between backticks, outside of its examples. */
const namesOfPage = read('docs/events.md')
  .replace(/^```[^]*?^```/gm, '')
  .match(/`[^`]+`/g)!
  .map((name) => name.slice(1, -1));
const wordsOfPage = new Set(namesOfPage.flatMap((name) => name.split(/[^A-Za-z0-9_]+/)));

const errorsOf = (validate: ValidateFunction | undefined, value: unknown): unknown => {
  if (validate === undefined) return 'no such schema';
  return validate(value) ? [] : validate.errors;
};

describe('the published schemas', () => {
  beforeAll(async () => {
    if (!update) return;
    for (const [file, schema] of everySchema) {
      const target = path.join(folder, file);
      await mkdir(path.dirname(target), { recursive: true });
      await writeFile(target, await format(JSON.stringify(schema), { parser: 'json' }));
    }
  });

  it.each([...everySchema])('%s says what the catalogue says', async (file, schema) => {
    expect(parse(await readFile(path.join(folder, file), 'utf8'))).toEqual(schema);
  });

  it('are those of the catalogue, of the envelope and of what others write, and no other', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const ofEvents = files.filter((file) => /^(?:cloudevent|.+\/[0-9]+)\.json$/.test(file));
    expect(ofEvents.sort()).toEqual([...everySchema.keys()].sort());
  });

  it.each([...everySchema].filter(([file]) => file !== 'cloudevent.json'))(
    '%s has no field and no value that docs/events.md does not name',
    (_, schema) => {
      expect(wordsOf(schema).filter((word) => !wordsOfPage.has(word))).toEqual([]);
    },
  );

  it.each(types)('%s is named in docs/events.md', (type) => {
    expect(namesOfPage).toContain(type.replace(/^dev\.postern\.(.+)\.v[0-9]+$/, '$1'));
  });

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
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });

  it.each(withData)('%s stays valid when a later minor version adds a field', (_, event) => {
    const later = { ...event, tenant: 't_1', data: { ...event.data, added_later: { at: 1 } } };
    expect(errorsOf(schemas.getSchema(ENVELOPE_SCHEMA_ID), later)).toEqual([]);
    expect(errorsOf(schemas.getSchema(event.dataschema), later.data)).toEqual([]);
    expect(decodeEvent(encodeEvent(later))).toEqual(later);
  });

  it.each(golden)('%s has no field that the catalogue does not name', (_, event) => {
    const { error } = CATALOGUE[event.type].strict().safeParse(event.data);
    expect(error).toBeUndefined();
  });

  it.each(golden.filter(([file]) => file.endsWith('.full.json')))(
    '%s has every field that the catalogue names',
    (_, event) => {
      expect(Object.keys(event.data).sort()).toEqual(
        Object.keys(CATALOGUE[event.type].shape).sort(),
      );
    },
  );

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
  const published = publishedSchemas();
  const released = readdirSync(releasedFolder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.json'),
  );
  const ofData = released.filter((file) => file !== 'cloudevent.json');
  const typeOf = (file: string): EventType =>
    types.find((type) => dataSchemaOf(type).endsWith(`/${file}`))!;
  const releasedSchema = (file: string): JsonSchema => parse(read(releasedFolder, file));
  /** As a consumer reads it that was written when it was released, and knows that enumerations grow. */
  const readers = new Map(
    released.map((file): [string, ValidateFunction] => [
      file,
      withFormats(new Ajv2020()).compile(withOpenEnumerations(releasedSchema(file))),
    ]),
  );

  it('is kept for every published one', () => {
    expect(released.sort()).toEqual([...published.keys()].sort());
  });

  it.each(released)(
    '%s is still kept to: within a major version there are only additions',
    (file) => {
      expect(schemaBreaches(releasedSchema(file), published.get(file) ?? {})).toEqual([]);
    },
  );

  it.each(ofData)('%s has what was written by it read by the code of today', (file) => {
    const shape = CATALOGUE[typeOf(file)];
    fc.assert(
      fc.property(samplesOf(releasedSchema(file)), (data) => {
        expect(shape.safeParse(data).error).toBeUndefined();
      }),
      { numRuns: SAMPLES_OF_A_SCHEMA },
    );
  });

  it.each(ofData)('%s accepts what is written by the code of today', (file) => {
    const validate = readers.get(file);
    fc.assert(
      fc.property(samplesOf(published.get(file) ?? {}), (data) => {
        expect(errorsOf(validate, data)).toEqual([]);
      }),
      { numRuns: SAMPLES_OF_A_SCHEMA },
    );
  });

  it.each(golden)('accepts the golden event %s', (_, event) => {
    const file = event.dataschema.slice('https://postern.dev/schemas/'.length);
    expect(errorsOf(readers.get('cloudevent.json'), event)).toEqual([]);
    expect(errorsOf(readers.get(file), event.data)).toEqual([]);
  });
});
