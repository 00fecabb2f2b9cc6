import { type JsonSchema, schemaBreaches, withOpenEnumerations } from './schema-breaches.js';

const before: JsonSchema = {
  $id: 'https://postern.dev/schemas/example.told/1.json',
  type: 'object',
  properties: {
    reason: { type: 'string', minLength: 1, maxLength: 256, pattern: '^[a-z]+$' },
    kind: { type: 'string', enum: ['a', 'b'] },
    state: { type: 'string', const: 'done' },
    at: { type: 'string', format: 'date-time' },
    count: { type: 'integer', minimum: 0, maximum: 9 },
    names: { type: 'array', maxItems: 100, items: { type: 'string', enum: ['x', 'y'] } },
    client: { type: 'object', properties: { ip: { type: 'string' } }, required: ['ip'] },
  },
  required: ['kind', 'client'],
};

/** The schema with other keywords on one of its fields; undefined takes a keyword away. */
const withField = (name: string, change: object): JsonSchema => {
  const properties = before['properties'] as Record<string, object>;
  const field = JSON.parse(JSON.stringify({ ...properties[name], ...change })) as JsonSchema;
  return { ...before, properties: { ...properties, [name]: field } };
};
const withoutField = (name: string): JsonSchema => {
  const fields = Object.entries(before['properties'] as object).filter(([key]) => key !== name);
  return { ...before, properties: Object.fromEntries(fields) };
};

describe('the compatibility gate', () => {
  it.each<[string, JsonSchema, string]>([
    ['a field that is gone', withoutField('reason'), 'data.reason is gone'],
    ['a type that changed', withField('reason', { type: 'integer' }), 'data.reason: its type'],
    [
      'a type that became wider',
      withField('reason', { type: ['string', 'null'] }),
      'data.reason: its type',
    ],
    ['a value that is gone', withField('kind', { enum: ['a'] }), 'data.kind: its value b is gone'],
    [
      'a text that became an enumeration',
      withField('reason', { enum: ['a'] }),
      'data.reason: it became',
    ],
    [
      'an enumeration that is none any more',
      withField('kind', { enum: undefined }),
      'data.kind: it is no',
    ],
    ['another constant', withField('state', { const: 'over' }), 'data.state: its const changed'],
    ['a constant that is new', withField('reason', { const: 'x' }), 'data.reason: its const'],
    ['another format', withField('at', { format: 'date' }), 'data.at: its format changed'],
    ['a format that is new', withField('reason', { format: 'uri' }), 'data.reason: its format'],
    ['another pattern', withField('reason', { pattern: '^a$' }), 'data.reason: its pattern'],
    [
      'a pattern that is gone',
      withField('reason', { pattern: undefined }),
      'data.reason: its pattern',
    ],
    ['a shorter text', withField('reason', { maxLength: 10 }), 'data.reason: its maxLength'],
    ['a longer text', withField('reason', { maxLength: 999 }), 'data.reason: its maxLength'],
    ['a text that must be longer', withField('reason', { minLength: 5 }), 'its minLength changed'],
    ['a higher minimum', withField('count', { minimum: 1 }), 'data.count: its minimum changed'],
    ['a lower maximum', withField('count', { maximum: 8 }), 'data.count: its maximum changed'],
    ['a limit that is new', withField('names', { minItems: 1 }), 'data.names: its minItems'],
    ['a shorter list', withField('names', { maxItems: 5 }), 'data.names: its maxItems changed'],
    [
      'other items in a list',
      withField('names', { items: { type: 'integer' } }),
      'data.names[]: its type',
    ],
    [
      'fewer values in a list',
      withField('names', { items: { type: 'string', enum: ['x'] } }),
      'names[]: its value y',
    ],
    [
      'a list whose items may be anything',
      withField('names', { items: undefined }),
      'data.names: its items changed',
    ],
    [
      'a nested field that is gone',
      withField('client', { properties: {}, required: [] }),
      'data.client.ip is gone',
    ],
    [
      'a nested field of another type',
      withField('client', { properties: { ip: { type: 'integer' } } }),
      'data.client.ip: its type',
    ],
    [
      'a nested field that became optional',
      withField('client', { required: [] }),
      'data.client.ip became optional',
    ],
    [
      'an object that is closed now',
      { ...before, additionalProperties: false },
      'data: its additionalProperties changed',
    ],
    [
      'a nested object that is closed now',
      withField('client', { additionalProperties: false }),
      'data.client: its additionalProperties',
    ],
    [
      'a field that became optional',
      { ...before, required: ['client'] },
      'data.kind became optional',
    ],
    [
      'a field that became required',
      { ...before, required: ['kind', 'client', 'reason'] },
      'data.reason became required',
    ],
    ['another address', { ...before, $id: 'https://postern.dev/x.json' }, 'data: its $id changed'],
    ['a rule nobody thought of', withField('client', { not: {} }), 'data.client: its not changed'],
  ])('tells of %s', (_, after, told) => {
    expect(schemaBreaches(before, after).join('\n')).toContain(told);
  });

  it('permits what is only added: optional fields, values of enumerations, words of explanation', () => {
    const more = withField('kind', { enum: ['c', 'b', 'a'], description: 'which of them' });
    const properties = { ...(more['properties'] as object), later: { type: 'integer' } };
    expect(schemaBreaches(before, { ...more, properties, title: 'Example' })).toEqual([]);
  });

  it('permits the same fields in another order', () => {
    const properties = Object.entries(before['properties'] as object).reverse();
    const after = {
      ...before,
      required: ['client', 'kind'],
      properties: Object.fromEntries(properties),
    };
    expect(schemaBreaches(before, after)).toEqual([]);
  });
});

it('a schema with open enumerations keeps everything but their values, at every depth', () => {
  const open = withOpenEnumerations(withField('client', { properties: { ip: { enum: ['a'] } } }));
  expect(JSON.stringify(open)).not.toContain('enum');
  expect(schemaBreaches(open, before)).toEqual([
    'data.kind: it became an enumeration',
    'data.names[]: it became an enumeration',
    'data.client.ip: its type changed',
  ]);
});
