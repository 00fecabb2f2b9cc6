import { z } from 'zod';
import { canaryKinds } from '#handles';
import { canaryRequest } from './canaries.wire.js';
import {
  answer,
  closed,
  instant,
  nullable,
  pageAnswers,
  pageLimit,
  problem,
  query,
  refusals,
  text,
} from './openapi-parts.js';

const members = {
  id: { ...text, description: 'can_...' },
  kind: { enum: canaryKinds },
  note: { ...text, description: 'where it was planted' },
  created_by: { ...text, description: 'subject_id of the operator' },
  created_at: instant,
  ended_at: { ...nullable(instant), description: 'null: it is live' },
};

export const canarySchemas = { Canary: closed(members) };

const canary = { $ref: '#/components/schemas/Canary' };

const plant = {
  summary: 'Makes a canary to be planted; needs admin.revoke',
  description:
    'Its plaintext is in this answer and nowhere else. It is refused wherever it is presented, as any unknown handle is, and told of. At most 1,000 are live.',
  requestBody: {
    required: true,
    content: { 'application/json': { schema: z.toJSONSchema(canaryRequest, { io: 'input' }) } },
  },
  responses: {
    '201': answer('the canary', closed({ ...members, plaintext: text })),
    '409': problem,
    ...refusals,
  },
};

const list = {
  summary: 'Canaries by id, those that ended among them; needs admin.read',
  parameters: [query('after', 'the page after this id'), pageLimit('canaries')],
  responses: pageAnswers('canaries', canary),
};

const end = {
  summary: 'Ends a canary, for ever; needs admin.revoke',
  parameters: [{ name: 'id', in: 'path', required: true, schema: text }],
  responses: { '200': answer('as it is now', canary), '404': problem, ...refusals },
};

export const canaryPaths = {
  '/admin/v1/canaries': { post: plant, get: list },
  '/admin/v1/canaries/{id}/end': { post: end },
};
