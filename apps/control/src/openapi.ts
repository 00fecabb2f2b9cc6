const problem = {
  description: 'a problem document (RFC 9457); `postern-error` names the code',
  content: { 'application/problem+json': { schema: { type: 'object' } } },
};
const refusals = { '400': problem, '401': problem, '403': problem, '503': problem };
const answer = (description: string, schema: object): object => ({
  description,
  content: { 'application/json': { schema } },
});
const query = (name: string, schema: object = { type: 'string' }): object => ({
  name,
  in: 'query',
  schema,
});
const handle = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    family_id: { type: 'string' },
    subject: { type: 'object' },
    grant: { type: 'object' },
    resource: { type: 'string' },
    environment: { type: 'string' },
    scopes: { type: 'array', items: { type: 'string' } },
    issued_at: { type: 'string', format: 'date-time' },
    expires_at: { type: 'string', format: 'date-time' },
    max_calls: { type: 'integer' },
    calls_used: { type: 'integer' },
    status: { enum: ['active', 'suspended', 'revoked'] },
  },
};

/** The admin API, described for tools (OpenAPI 3.1). */
export const openApiDocument = {
  openapi: '3.1.0',
  info: { title: 'Postern admin API', version: '1' },
  components: {
    securitySchemes: {
      handle: {
        type: 'http',
        scheme: 'bearer',
        description: 'a handle for the resource `postern`',
      },
    },
  },
  security: [{ handle: [] }],
  paths: {
    '/admin/v1/handles': {
      get: {
        summary: 'Handles by id, filtered; needs admin.read',
        parameters: [
          query('resource'),
          query('subjectId'),
          query('familyId'),
          query('status', { enum: ['active', 'suspended', 'revoked'] }),
          query('after'),
          query('limit', { type: 'integer', minimum: 1, maximum: 500, default: 100 }),
        ],
        responses: {
          '200': answer('a page', {
            type: 'object',
            properties: { handles: { type: 'array', items: handle } },
          }),
          ...refusals,
        },
      },
    },
    '/admin/v1/handles/{id}': {
      get: {
        summary: 'One handle; needs admin.read',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { '200': answer('the handle', handle), '404': problem, ...refusals },
      },
    },
    '/admin/v1/revoke': {
      post: {
        summary: 'Revokes what the selector names, for ever; needs admin.revoke',
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['scope', 'id', 'reason'],
                additionalProperties: false,
                properties: {
                  scope: { enum: ['handle', 'family', 'subject', 'issuer', 'grant', 'resource'] },
                  id: { type: 'string', maxLength: 256 },
                  reason: { type: 'string', maxLength: 256 },
                },
              },
            },
          },
        },
        responses: {
          '200': answer('ids of the handles that this revoked', {
            type: 'object',
            properties: { revoked: { type: 'array', items: { type: 'string' } } },
          }),
          ...refusals,
        },
      },
    },
    '/admin/v1/reviews': {
      get: {
        summary: 'Issuers and grants by the day on which trust in them ends; needs admin.read',
        responses: {
          '200': answer('by date', { type: 'array', items: { type: 'object' } }),
          ...refusals,
        },
      },
    },
  },
} as const;
