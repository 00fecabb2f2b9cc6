import { z } from 'zod';
import { gates, credentialStates } from '#credentials';
import { rotationStates } from '#events';
import { rotationKinds, rotationOrigins, rotationTriggers } from '#rotation';
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
import { abandonRequest, interventionRequest, rotationRequest } from './rotations.wire.js';

const count = { type: 'integer' };
const nullableCount = { type: ['integer', 'null'] };
const nullableInstant = nullable(instant);
const probed = { enum: ['ok', 'fail', 'unreachable'] };

const rotationMembers = {
  id: { ...text, description: 'rot_...' },
  resource: text,
  kind: { enum: rotationKinds },
  origin: { enum: rotationOrigins, description: 'where the new value comes from' },
  trigger: { enum: rotationTriggers },
  state: { enum: rotationStates, description: 'docs/rotation-operations.md tells each' },
  previous_state: nullable({ enum: rotationStates }),
  from_version: nullableCount,
  to_version: nullableCount,
  attempt: count,
  waits: { ...count, description: 'how often in a row it had to wait in this state' },
  probe: nullable(closed({ current: probed, pending: probed })),
  error_class: { ...nullableText, description: 'of the last failure' },
  wrap_fingerprint: { ...nullableText, description: 'of the wrapping token; never the token' },
  initiator_id: nullableText,
  reason: nullableText,
  approvals_needed: count,
  approved_by: { type: 'array', items: text },
  requested_at: instant,
  state_since: instant,
  due_at: { ...instant, description: 'not taken up before' },
  deadline_at: instant,
  ended_at: nullableInstant,
  correlation_id: text,
};

const credential = closed({
  resource: text,
  ref: closed({ mount: text, path: text }),
  kind: { enum: rotationKinds },
  state: {
    enum: [...credentialStates, 'not_in_hand'],
    description: 'not_in_hand: no rotator has found a version of it yet',
  },
  gate: nullable({ enum: gates }),
  current_version: { ...nullableCount, description: 'what calls use' },
  fallback_version: { ...nullableCount, description: 'what a refused call may try once' },
  retired_version: { ...nullableCount, description: 'calls with it, or an older one, are cut' },
  epoch: nullableCount,
  schedule: nullable(closed({ cron: text, timezone: text })),
});

export const rotationSchemas = {
  Rotation: closed(rotationMembers),
  Credential: credential,
};

const ofId = { name: 'id', in: 'path', required: true, schema: text };
const rotation = { $ref: '#/components/schemas/Rotation' };
const conflict = { '404': problem, '409': problem };

const body = (schema: z.ZodType, required: boolean): object => ({
  required,
  content: { 'application/json': { schema: z.toJSONSchema(schema, { io: 'input' }) } },
});

const request = {
  summary: 'Asks for a rotation; needs admin.rotate',
  description:
    'By a wrapping token of an administrator, or a value that Postern makes. Outside of the window of its schedule, and after a compromise, others must approve it before it begins.',
  requestBody: body(rotationRequest, true),
  responses: {
    '202': answer('it is asked for; GET tells how far it is', rotation),
    ...conflict,
    ...refusals,
  },
};

const list = {
  summary: 'Rotations, the newest first; needs admin.read',
  parameters: [
    query('resource', 'of this resource'),
    query('state', 'in this state', { enum: rotationStates }),
    query('before', 'the page before this id: older ones'),
    pageLimit('rotations'),
  ],
  responses: pageAnswers('rotations', rotation, 'before'),
};

const show = {
  summary: 'One rotation and what was recorded of it; needs admin.read',
  parameters: [ofId],
  responses: {
    '200': answer('the rotation', {
      allOf: [
        rotation,
        closed({
          events: {
            type: 'array',
            items: { type: 'object' },
            description: 'CloudEvents as published, by time; kept here for three days at least',
          },
        }),
      ],
    }),
    '404': problem,
    ...refusals,
  },
};

const intervene = (summary: string, schema: z.ZodType, required: boolean): object => ({
  summary,
  parameters: [ofId],
  requestBody: body(schema, required),
  responses: { '200': answer('as it is now', rotation), ...conflict, ...refusals },
});

const intakeKey = {
  summary: 'What wrapping tokens are encrypted to; needs admin.rotate',
  description:
    'Compact JWE (RFC 7516) with alg ECDH-ES+A256KW, enc A256GCM, typ postern-wrap and this kid; the plaintext is the token.',
  responses: {
    '200': answer('the public key of the rotators', closed({ kid: text, jwk: { type: 'object' } })),
    ...refusals,
  },
};

const credentials = {
  summary: 'Credentials that are rotated, and how they stand; needs admin.read',
  responses: {
    '200': answer('by resource; never a value', {
      ...closed({
        credentials: { type: 'array', items: { $ref: '#/components/schemas/Credential' } },
      }),
    }),
    ...refusals,
  },
};

export const rotationPaths = {
  '/admin/v1/rotations': { post: request, get: list },
  '/admin/v1/rotations/intake-key': { get: intakeKey },
  '/admin/v1/rotations/{id}': { get: show },
  '/admin/v1/rotations/{id}/approve': {
    post: intervene(
      'Approves it, as another than who asked for it; needs admin.approve',
      interventionRequest,
      false,
    ),
  },
  '/admin/v1/rotations/{id}/abandon': {
    post: intervene(
      'Ends it, as long as the legacy system is not changed, or it is manual_required; needs admin.rotate',
      abandonRequest,
      true,
    ),
  },
  '/admin/v1/rotations/{id}/reconcile': {
    post: intervene(
      'Has the reconcile account set a new value, when it is manual_required; needs admin.rotate',
      interventionRequest,
      false,
    ),
  },
  '/admin/v1/credentials': { get: credentials },
};
