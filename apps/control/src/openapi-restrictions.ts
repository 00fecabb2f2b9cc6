import { ruleIds } from '#detection';
import { restrictionKinds } from '#events';
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

const texts = { type: 'array', items: text };

export const restrictionSchemas = {
  Restriction: closed({
    id: { ...text, description: 'rst_...' },
    detection_id: { ...text, description: 'the detection that it was imposed for' },
    rule: { enum: ruleIds },
    kind: { enum: restrictionKinds, description: 'docs/detection.md tells each' },
    target: { ...text, description: '<scope>:<id>: the one entity that it is for' },
    limit: { type: ['integer', 'null'], description: 'how many a window; of bytes_rate bytes' },
    resources: { ...nullable(texts), description: 'what known_credentials_only leaves open' },
    imposed_at: instant,
    until: { ...instant, description: 'its end, whatever becomes of the detection' },
    lifted_at: nullable(instant),
  }),
};

const restriction = { $ref: '#/components/schemas/Restriction' };

const list = {
  summary: 'Restrictions that stand, by id; needs admin.read',
  parameters: [query('after', 'the page after this id'), pageLimit('restrictions')],
  responses: pageAnswers('restrictions', restriction),
};

const lift = {
  summary: 'Ends a restriction before its time; needs admin.revoke',
  description: 'All processes know within a second. Again: it stays as it is.',
  parameters: [
    { name: 'id', in: 'path', required: true, schema: text },
    query('reason', 'for the event'),
  ],
  responses: { '200': answer('as it is now', restriction), '404': problem, ...refusals },
};

export const restrictionPaths = {
  '/admin/v1/restrictions': { get: list },
  '/admin/v1/restrictions/{id}': { delete: lift },
};
