import { z } from 'zod';
import { detectionResolutions, ruleIds, ruleModes } from '#detection';
import { detectionSeverities, responseActions } from '#events';
import { closeRequest, entityTypes, undoRequest } from './detections.wire.js';
import {
  answer,
  closed,
  instant,
  nullable,
  nullableText,
  pageAnswers,
  pageLimit,
  problem,
  query,
  refusals,
  text,
} from './openapi-parts.js';

const texts = { type: 'array', items: text };
const nullableInstant = nullable(instant);
const planned = {
  action: { enum: responseActions },
  target: { ...text, description: '<scope>:<id>' },
  seconds: { type: ['integer', 'null'], description: 'after so long it is taken back' },
};

const response = closed({
  id: text,
  ...planned,
  result: { enum: ['waiting', 'done', 'nothing_to_do', 'failed'] },
  ordered_at: instant,
  settled_at: nullableInstant,
  ended_at: { ...nullableInstant, description: 'when it was taken back, after its time' },
});

const detection = closed({
  id: { ...text, description: 'det_...' },
  rule: { enum: ruleIds, description: 'docs/detection.md tells each' },
  rule_revision: { type: 'integer' },
  title: text,
  mode: { enum: ['monitor', 'enforce'] },
  severity: { enum: detectionSeverities },
  confidence: { enum: ['low', 'medium', 'high'] },
  entity: closed({ type: { enum: entityTypes }, id: text }),
  subject_id: nullableText,
  resource: nullableText,
  start_at: instant,
  end_at: instant,
  raised_at: instant,
  updated_at: instant,
  observed: { type: 'number' },
  threshold: { type: 'number' },
  explanation: { ...text, description: 'what was compared with what, for people' },
  evidence_event_ids: { ...texts, description: 'ids of events, at most 100' },
  mitre: texts,
  owasp_nhi: texts,
  planned: { type: 'array', items: closed(planned), description: 'what the rule plans' },
  closed: nullable(
    closed({
      at: instant,
      resolution: { enum: detectionResolutions },
      by: nullableText,
      note: nullableText,
    }),
  ),
});

const rule = closed({
  id: { enum: ruleIds },
  revision: { type: 'integer' },
  title: text,
  tier: { enum: ['inline', 'stream', 'batch'] },
  severity: { enum: detectionSeverities },
  mode: { enum: ruleModes },
  resources: { type: 'object', description: 'another mode, by the id of a resource' },
  thresholds: { type: 'object', description: 'the figures of its condition as they are set' },
  window_seconds: { type: ['integer', 'null'] },
  responses: { type: 'array', items: { enum: responseActions } },
  mitre: texts,
  owasp_nhi: texts,
  last_dry_run: nullable(closed({ at: instant, found: { type: 'integer' }, by: text })),
});

export const detectionSchemas = { Detection: detection, Response: response, Rule: rule };

const one = { $ref: '#/components/schemas/Detection' };
const responses = { type: 'array', items: { $ref: '#/components/schemas/Response' } };
const ofId = { name: 'id', in: 'path', required: true, schema: text };
const body = (schema: z.ZodType): object => ({
  required: true,
  content: { 'application/json': { schema: z.toJSONSchema(schema, { io: 'input' }) } },
});

const list = {
  summary: 'Detections, the newest first; needs admin.read',
  parameters: [
    query('rule', 'of this rule', { enum: ruleIds }),
    query('entityType', 'with entityId: about this', { enum: entityTypes }),
    query('entityId', 'with entityType'),
    query('status', 'open, or closed', { enum: ['open', 'closed'] }),
    query('severity', 'of this severity', { enum: detectionSeverities }),
    query('after', 'the page after this id: older ones'),
    pageLimit('detections'),
  ],
  responses: pageAnswers('detections', one),
};

const show = {
  summary: 'One detection with what was done about it; needs admin.read',
  parameters: [ofId],
  responses: {
    '200': answer('the detection', { allOf: [one, closed({ responses })] }),
    '404': problem,
    ...refusals,
  },
};

const close = {
  summary: 'Closes a detection; needs admin.revoke',
  description: 'What was done about it stays: undo takes it back. Again: it stays as it is.',
  parameters: [ofId],
  requestBody: body(closeRequest),
  responses: { '200': answer('the detection', one), '404': problem, ...refusals },
};

const undo = {
  summary: 'Takes back what was suspended for a detection; needs admin.revoke',
  description: 'What was revoked stays so, and a suspension that is another one by now.',
  parameters: [ofId],
  requestBody: body(undoRequest),
  responses: {
    '200': answer(
      'what was taken back, and what was kept',
      closed({ undone: responses, kept: responses, correlation_id: text }),
    ),
    '404': problem,
    ...refusals,
  },
};

const rules = {
  summary: 'The rules: how they are set and when they were tried; needs admin.read',
  responses: {
    '200': answer(
      'all rules, by id',
      closed({ rules: { type: 'array', items: { $ref: '#/components/schemas/Rule' } } }),
    ),
    ...refusals,
  },
};

const dryRun = {
  summary: 'Asks the sentinel to try a rule on the last seven days; needs admin.revoke',
  description:
    'A rule that looks at windows enforces only with thresholds that were tried in the last 30 days.',
  parameters: [{ ...ofId, schema: { enum: ruleIds } }],
  responses: {
    '202': answer(
      'it is asked for; GET detection-rules tells what it found',
      closed({ rule: { enum: ruleIds }, asked: { const: true } }),
    ),
    '409': problem,
    ...refusals,
  },
};

export const detectionPaths = {
  '/admin/v1/detections': { get: list },
  '/admin/v1/detections/{id}': { get: show },
  '/admin/v1/detections/{id}/close': { post: close },
  '/admin/v1/detections/{id}/undo': { post: undo },
  '/admin/v1/detection-rules': { get: rules },
  '/admin/v1/detection-rules/{id}/dry-run': { post: dryRun },
};
