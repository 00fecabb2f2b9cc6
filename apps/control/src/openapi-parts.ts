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

/** The parameter of how many there are a page. */
export const pageLimit = (what: string): object =>
  query('limit', `${what} a page`, { type: 'integer', minimum: 1, maximum: 500, default: 100 });

/** Answers with a page of items; `cursor` names the parameter that takes `next`. */
export const pageAnswers = (name: string, item: object, cursor = 'after'): object => ({
  '200': answer(`a page; next is the ${cursor} of the following one`, {
    type: 'object',
    required: [name, 'next'],
    properties: { [name]: { type: 'array', items: item }, next: nullableText },
  }),
  ...refusals,
});
