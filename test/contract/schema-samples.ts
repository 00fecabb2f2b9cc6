import fc from 'fast-check';
import { type JsonSchema } from './schema-breaches.js';

/** Long enough to be seen, short enough to be quick. */
const ITEMS_MAX = 3;

/**
 * Values that are valid by a schema, for the part of JSON Schema that our catalogue uses.
 * @throws TypeError for any other, so that no rule is passed over in silence
 */
export function samplesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema['const']);
  if ('enum' in schema) return fc.constantFrom(...(schema['enum'] as unknown[]));
  switch (schema['type']) {
    case 'object':
      return objects(schema);
    case 'array':
      return fc.array(samplesOf(schema['items'] as JsonSchema), { maxLength: ITEMS_MAX });
    case 'string':
      return strings(schema);
    case 'integer':
      return fc.maxSafeInteger();
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    default:
      throw new TypeError(`no samples for ${JSON.stringify(schema)}`);
  }
}

function objects(schema: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const shapes = fields.map(([name, field]) => [name, samplesOf(field)] as const);
  return fc.record(Object.fromEntries(shapes), {
    requiredKeys: (schema['required'] ?? []) as string[],
  });
}

function strings({ format, pattern, minLength, maxLength }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'uuid') return fc.uuid({ version: 7 });
  if (format === 'date-time')
    return fc.constantFrom('2026-11-20T12:00:00Z', '2028-02-29T00:00:00.5Z');
  if (format === 'uri') return fc.webUrl();
  if (format !== undefined)
    throw new TypeError(`no samples of the format ${JSON.stringify(format)}`);
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength: Number(minLength ?? 0), maxLength: Number(maxLength ?? 40) });
}
