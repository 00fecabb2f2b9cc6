// What the descriptions of endpoints are made of.
export const problem = {
  description: 'a problem document (RFC 9457); the header postern-error names the code',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail'],
        properties: {
          type: { type: 'string', format: 'uri' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
        },
      },
    },
  },
};
export const refusals = { '400': problem, '401': problem, '403': problem, '503': problem };
export const text = { type: 'string' };
export const instant = { type: 'string', format: 'date-time' };
export const answer = (description: string, schema: object): object => ({
  description,
  content: { 'application/json': { schema } },
});
export const query = (name: string, description: string, schema: object = text): object => ({
  name,
  in: 'query',
  description,
  schema,
});
export const closed = (
  properties: Readonly<Record<string, object>>,
): { type: 'object'; properties: Readonly<Record<string, object>>; required: string[] } => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

export const nullable = (schema: object): object => ({ anyOf: [schema, { type: 'null' }] });
export const nullableText = { type: ['string', 'null'] };
