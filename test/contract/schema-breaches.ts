import { isDeepStrictEqual } from 'node:util';

/** A JSON Schema 2020-12, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What says nothing about which values are valid. */
const ANNOTATIONS: ReadonlySet<string> = new Set(['$schema', 'title', 'description', 'examples']);
/** Compared in their own way; every other keyword has to stay as it is, also one that nobody thought of here. */
const COMPARED: ReadonlySet<string> = new Set(['properties', 'required', 'enum', 'items']);

/**
 * What a consumer that was written for the one schema could stumble over in the other, and what of the older events the
 * newer code would not read: a line each. Within a major version an object may get optional fields and an enumeration
 * more values, nothing else: a narrower rule refuses old events, a wider one lets new events surprise old consumers.
 */
export function schemaBreaches(before: JsonSchema, after: JsonSchema, at = 'data'): string[] {
  return [
    ...keywordBreaches(before, after, at),
    ...valueBreaches(before, after, at),
    ...requiredBreaches(before, after, at),
    ...fieldBreaches(before, after, at),
    ...itemBreaches(before, after, at),
  ];
}

function keywordBreaches(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keywords]
    .filter((keyword) => !ANNOTATIONS.has(keyword) && !COMPARED.has(keyword))
    .filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]))
    .map((keyword) => `${at}: its ${keyword} changed`);
}

function valueBreaches(before: JsonSchema, after: JsonSchema, at: string): string[] {
  if ('enum' in before !== 'enum' in after) {
    return [`${at}: it ${'enum' in after ? 'became' : 'is no longer'} an enumeration`];
  }
  const missing = listOf(before, 'enum').filter((value) => !listOf(after, 'enum').includes(value));
  return missing.map((value) => `${at}: its value ${String(value)} is gone`);
}

function requiredBreaches(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const [then, now] = [listOf(before, 'required'), listOf(after, 'required')];
  return [
    ...then
      .filter((name) => !now.includes(name))
      .map((name) => `${at}.${String(name)} became optional`),
    ...now
      .filter((name) => !then.includes(name))
      .map((name) => `${at}.${String(name)} became required`),
  ];
}

function fieldBreaches(before: JsonSchema, after: JsonSchema, at: string): string[] {
  return Object.entries(fieldsOf(before)).flatMap(([name, field]) => {
    const now = fieldsOf(after)[name];
    return now === undefined
      ? [`${at}.${name} is gone`]
      : schemaBreaches(field, now, `${at}.${name}`);
  });
}

function itemBreaches(before: JsonSchema, after: JsonSchema, at: string): string[] {
  const [then, now] = [before['items'], after['items']];
  if (then === undefined && now === undefined) return [];
  if (then === undefined || now === undefined) return [`${at}: its items changed`];
  return schemaBreaches(then as JsonSchema, now as JsonSchema, `${at}[]`);
}

export const fieldsOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] ?? {}) as Record<string, JsonSchema>;

const listOf = (schema: JsonSchema, name: string): readonly unknown[] =>
  (schema[name] ?? []) as unknown[];

/** Names of fields, values of enumerations, and constants: what a page that explains the schema has to name. */
export const wordsOf = (schema: JsonSchema): readonly string[] => [
  ...listOf(schema, 'enum').map(String),
  ...(typeof schema['const'] === 'string' ? [schema['const']] : []),
  ...('items' in schema ? wordsOf(schema['items'] as JsonSchema) : []),
  ...Object.entries(fieldsOf(schema)).flatMap(([name, field]) => [name, ...wordsOf(field)]),
];

/** The schema for a consumer who knows that enumerations grow: any value of their type passes. */
export function withOpenEnumerations(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => keyword !== 'enum')
      .map(([keyword, value]) => [keyword, opened(keyword, value)]),
  );
}

function opened(keyword: string, value: unknown): unknown {
  if (keyword === 'items') return withOpenEnumerations(value as JsonSchema);
  if (keyword !== 'properties') return value;
  const fields = Object.entries(value as Record<string, JsonSchema>);
  return Object.fromEntries(fields.map(([name, field]) => [name, withOpenEnumerations(field)]));
}
