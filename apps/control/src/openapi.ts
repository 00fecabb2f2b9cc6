import { z } from 'zod';
import { revocationInitiators, revocationScopes } from '#events';
import { HANDLE_STATUSES } from './admin.wire.js';
import { detectionPaths, detectionSchemas } from './openapi-detections.js';
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
import { canaryPaths, canarySchemas } from './openapi-canaries.js';
import { restrictionPaths, restrictionSchemas } from './openapi-restrictions.js';
import { leakReportPaths } from './openapi-leaks.js';
import { rotationPaths, rotationSchemas } from './openapi-rotations.js';
import { orderRequest } from './orders.wire.js';

const handle = closed({
  id: text,
  family_id: text,
  parent_id: nullableText,
  subject: closed({ issuer: text, subject: text, id: text }),
  actors: { type: 'array', items: closed({ issuer: text, subject: text }) },
  subject_token_key_id: nullableText,
  grant: closed({ id: text, version: { type: 'integer' }, policy_digest: text }),
  pattern: { enum: ['downscoping', 'federation', 'delegation'] },
  resource: text,
  environment: text,
  scopes: { type: 'array', items: text },
  binding: { type: 'object', required: ['kind'], properties: { kind: text } },
  call: nullable(closed({ method: text, path: text })),
  task: nullableText,
  issued_at: instant,
  expires_at: instant,
  max_calls: { type: 'integer' },
  calls_used: { type: 'integer' },
  status: { enum: HANDLE_STATUSES },
  correlation_id: text,
});

const review = closed({
  kind: { enum: ['issuer', 'grant'] },
  id: text,
  owner: text,
  purpose: text,
  review_by: instant,
  overdue: { type: 'boolean' },
});

const listHandles = {
  summary: 'Handles by id, filtered; needs admin.read',
  parameters: [
    query('resource', 'of this resource'),
    query('subjectId', 'of this workload, sub_...'),
    query('familyId', 'of this family, fam_...'),
    query('status', 'in this status', { enum: HANDLE_STATUSES }),
    query('after', 'the page after this id'),
    pageLimit('handles'),
  ],
  responses: {
    '200': answer('a page; next is the after of the following one', {
      type: 'object',
      required: ['handles', 'next'],
      properties: {
        handles: { type: 'array', items: { $ref: '#/components/schemas/Handle' } },
        next: { type: ['string', 'null'] },
      },
    }),
    ...refusals,
  },
};

const showHandle = {
  summary: 'One handle; needs admin.read',
  parameters: [{ name: 'id', in: 'path', required: true, schema: text }],
  responses: {
    '200': answer('the handle', { $ref: '#/components/schemas/Handle' }),
    '404': problem,
    ...refusals,
  },
};

const order = (summary: string, done: string): object => ({
  summary: `${summary}; needs admin.revoke`,
  requestBody: {
    required: true,
    content: { 'application/json': { schema: z.toJSONSchema(orderRequest, { io: 'input' }) } },
  },
  responses: {
    '200': answer('ids of the handles that this changed, and the correlation id of their events', {
      type: 'object',
      required: [done, 'correlation_id'],
      properties: { [done]: { type: 'array', items: text }, correlation_id: text },
    }),
    ...refusals,
  },
});

const suspension = closed({
  target: { ...text, description: '<scope>:<id>; the after of the following page' },
  scope: { enum: revocationScopes },
  id: text,
  issuer: { ...nullableText, description: 'of a key: the iss of its issuer' },
  subject_id: { ...nullableText, description: 'of a task: whose it is' },
  within: {
    type: 'array',
    items: text,
    description: 'the iss of issuers whose workloads it is bounded to; empty: of all',
  },
  reason: text,
  initiator: { enum: revocationInitiators },
  initiator_id: nullableText,
  since: instant,
});

const listSuspensions = {
  summary: 'Suspensions that stand, by what they name; needs admin.read',
  parameters: [query('after', 'the page after this target'), pageLimit('targets')],
  responses: pageAnswers('suspensions', { $ref: '#/components/schemas/Suspension' }),
};

const explanation = closed({
  correlation_id: text,
  kind: { enum: ['exchange', 'call', 'revocation'] },
  effect: { enum: ['permit', 'deny'] },
  step: {
    ...nullableText,
    description: 'which step refused; null for a permit, and where nobody can tell',
  },
  reason: nullableText,
  compared: { ...nullableText, description: 'what was compared, for people' },
  closest_grant: nullable({
    type: 'object',
    required: ['id'],
    properties: { id: text, version: { type: 'integer' } },
    description: 'the grant that permitted, or came closest',
  }),
  grant_set_digest: nullableText,
  at: instant,
  subject: nullable({
    type: 'object',
    properties: { id: text, issuer: text, subject: text },
    description: 'what is known of who asked',
  }),
  actors: {
    type: 'array',
    items: closed({ issuer: text, subject: text }),
    description: 'who acts for the subject, the outermost first',
  },
  handle_id: nullableText,
  events: {
    type: 'array',
    items: { type: 'object' },
    description: 'CloudEvents as published, by time; docs/events.md has their fields',
  },
  has_more: { type: 'boolean', description: 'there are more events than these' },
});

const explain = {
  summary: 'Why a request was answered as it was; needs admin.read',
  description:
    'By the correlation id that the caller got. Events are kept for three days at least; later ones are on Kafka.',
  parameters: [{ name: 'correlation_id', in: 'path', required: true, schema: text }],
  responses: {
    '200': answer('the decision', { $ref: '#/components/schemas/Explanation' }),
    '404': problem,
    ...refusals,
  },
};

const listReviews = {
  summary: 'Issuers and grants by the day on which trust in them ends; needs admin.read',
  responses: {
    '200': answer('soonest first', {
      type: 'array',
      items: { $ref: '#/components/schemas/Review' },
    }),
    ...refusals,
  },
};

const receiveSecurityEvent = {
  summary: 'Receives a Security Event Token by push (RFC 8935); needs events.command',
  description:
    'Events of CAEP 1.0 that say that trust in a workload was lost revoke its handles; commands revoke, suspend and resume what they name, or begin a rotation. Others, and repeats, have no effect.',
  requestBody: {
    required: true,
    content: { 'application/secevent+jwt': { schema: { ...text, maxLength: 65536 } } },
  },
  responses: {
    '202': { description: 'received; no body' },
    '400': answer('it is not acceptable; err as in RFC 8935 section 2.4', {
      type: 'object',
      required: ['err', 'description'],
      properties: { err: text, description: text },
    }),
    '401': problem,
    '413': problem,
    '415': problem,
    '503': problem,
  },
};

const describe = {
  summary: 'This document; needs no handle',
  security: [],
  responses: { '200': answer('OpenAPI 3.1', { type: 'object' }) },
};

/** The admin API, described for tools (OpenAPI 3.1), as published in `docs/openapi.json`. */
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
    schemas: {
      ...{ Handle: handle, Suspension: suspension, Review: review, Explanation: explanation },
      ...rotationSchemas,
      ...detectionSchemas,
      ...canarySchemas,
      ...restrictionSchemas,
    },
  },
  security: [{ handle: [] }],
  paths: {
    '/admin/v1/handles': { get: listHandles },
    '/admin/v1/handles/{id}': { get: showHandle },
    '/admin/v1/revoke': { post: order('Revokes what the selector names, for ever', 'revoked') },
    '/admin/v1/suspend': {
      post: order('Suspends what the selector names, until it is resumed', 'suspended'),
    },
    '/admin/v1/resume': {
      post: order('Ends the suspension of the same selector', 'resumed'),
    },
    '/admin/v1/suspensions': { get: listSuspensions },
    '/admin/v1/reviews': { get: listReviews },
    '/admin/v1/explain/{correlation_id}': { get: explain },
    ...rotationPaths,
    ...detectionPaths,
    ...canaryPaths,
    ...restrictionPaths,
    '/admin/v1/openapi.json': { get: describe },
    '/events/set': { post: receiveSecurityEvent },
    ...leakReportPaths,
  },
};
