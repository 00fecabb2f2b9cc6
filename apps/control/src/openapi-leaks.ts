import { answer, closed, problem, text } from './openapi-parts.js';

const receiveLeakReport = {
  summary: 'Receives a report of the GitHub secret scanning partner program; needs its signature',
  description:
    'A live handle in it is revoked before the answer is given. The signature is ECDSA with P-256 and SHA-256 over the body, by a key of `leakReports` of postern.yaml. Again: nothing more happens.',
  security: [],
  parameters: ['Github-Public-Key-Identifier', 'Github-Public-Key-Signature'].map((name) => ({
    ...{ name, in: 'header', required: true, schema: text },
  })),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'array',
          minItems: 1,
          maxItems: 500,
          items: {
            type: 'object',
            required: ['token', 'type'],
            properties: { token: text, type: text, url: text, source: text },
          },
        },
      },
    },
  },
  responses: {
    '200': answer('of each what it is, by its SHA-256 in hex digits', {
      type: 'array',
      items: closed({
        token_hash: text,
        token_type: text,
        label: { enum: ['true_positive', 'false_positive'] },
      }),
    }),
    '400': problem,
    '401': problem,
    '413': problem,
    '503': problem,
  },
};

export const leakReportPaths = { '/events/leaks': { post: receiveLeakReport } };
