import { z } from 'zod';
import { restricted } from './restriction-events.js';

/** Why a call was denied before anything was sent to the destination. */
export const callDenialReasons = [
  'ambiguous_request',
  'missing_handle',
  'malformed',
  'unknown',
  'canary',
  'expired',
  'revoked',
  'suspended',
  'restricted',
  'env_mismatch',
  'resource_mismatch',
  'presentation_not_allowed',
  'binding_mismatch',
  'proof_invalid',
  'operation_not_allowed',
  'calls_exhausted',
  'request_too_large',
  'unsuitable_request',
  'credential_unavailable',
  'overloaded',
  'dependency_unavailable',
  'internal_error',
] as const;
export type CallDenialReason = (typeof callDenialReasons)[number];

export const callOutcomes = [
  'ok',
  'upstream_error',
  'upstream_unreachable',
  'upstream_timeout',
  'response_cut',
  'credential_unavailable',
  'client_abort',
  'aborted_by_revocation',
  'unknown_after_crash',
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

const client = z.object({ ip: z.string(), user_agent: z.string().optional() });

export const callEvents = {
  'dev.postern.call.denied.v1': z.object({
    handle_id: z.string().optional(),
    canary_id: z.string().optional().describe('the canary that was presented'),
    ...restricted,
    handle_fp: z
      .string()
      .optional()
      .describe('first 32 hex digits of the digest of what was presented'),
    checksum_ok: z.boolean(),
    reason: z.enum(callDenialReasons),
    detail: z.string().describe('for the operator; never a header value or a secret'),
    resource: z.string().optional(),
    env_listener: z.string(),
    env_handle: z.string().optional(),
    method: z.string().describe('at most 20 characters'),
    client,
    count: z
      .int()
      .optional()
      .describe('how many like it this event stands for, when a flood is summed up'),
  }),
  'dev.postern.call.completed.v1': z.object({
    call_id: z.string(),
    handle_id: z.string(),
    subject_id: z.string().optional().describe('absent for a call that was found after a crash'),
    resource: z.string(),
    credential_version: z.int().optional(),
    refused_version: z
      .int()
      .optional()
      .describe(
        'version that the legacy system refused first: the call was sent once more, with credential_version',
      ),
    route_template: z.string(),
    method: z.string(),
    upstream_status: z.int().optional(),
    bytes_in: z.int(),
    bytes_out: z.int(),
    duration_ms: z.number(),
    scrubbed: z.int().describe('occurrences of the secret that were replaced in the response'),
    outcome: z.enum(callOutcomes),
    client: client.optional().describe('absent for a call that was found after a crash'),
  }),
};
