import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { configJsonSchema } from './config-json-schema.js';

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const readJson = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(fileOf(name), 'utf8')) as Record<string, unknown>;

describe('docs/postern.schema.json', () => {
  const published = readJson('docs/postern.schema.json');
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(published);
  const example = parse(readFileSync(fileOf('examples/postern.yaml'), 'utf8')) as Record<
    string,
    unknown
  >;

  it('is in step with the schema (write what configJsonSchema() gives to it)', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  it('accepts the example', () => {
    validate(example);
    expect(validate.errors).toBeNull();
  });

  it.each([
    ['an unknown setting', { colour: 'red' }],
    ['a missing one', { publicOrigin: undefined }],
    ['an environment in capitals', { environment: 'PROD' }],
    ['no resource', { resources: [] }],
  ])('refuses %s', (_, change) => {
    expect(validate(JSON.parse(JSON.stringify({ ...example, ...change })))).toBe(false);
  });

  it('tells each default', () => {
    const schema = published as unknown as {
      properties: {
        resources: {
          items: { properties: { call: { properties: Record<string, { default?: unknown }> } } };
        };
      };
    };
    const { call } = schema.properties.resources.items.properties;
    const defaults = Object.entries(call.properties).map(([name, { default: value }]) => [
      name,
      value,
    ]);
    expect(Object.fromEntries(defaults)).toEqual({
      timeout: '30s',
      connectTimeout: '5s',
      headersTimeout: undefined,
      idleTimeout: '30s',
      maxRequestBytes: '10MiB',
      maxResponseBytes: 'unlimited',
      maxConcurrency: 256,
      audit: 'strict',
    });
  });
});
