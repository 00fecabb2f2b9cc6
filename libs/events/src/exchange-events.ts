import { z } from 'zod';
import { actorBlock } from './actor-block.js';
import { restricted } from './restriction-events.js';

const requested = {
  exchange_id: z.string(),
  subject_token_fp: z.string().optional().describe('SHA-256 of the signing input, never the token'),
  subject_token_jti: z.string().optional(),
  subject_token_type: z.string().optional(),
  audience: z.string().optional().describe('as requested; at most 256 characters'),
  resource: z.string().optional().describe('as requested; at most 256 characters'),
  scope: z.string().optional().describe('as requested; at most 1,024 characters'),
  parent_handle_id: z.string().optional().describe('the handle that was presented as a token'),
  actor_chain: z
    .array(z.object({ issuer: z.string(), subject: z.string() }))
    .optional()
    .describe('who acts for the subject, the outermost first'),
  task: z.string().optional(),
  call: z.string().optional().describe('method and path of the one call that was asked for'),
};

/** Why an exchange was denied. The wire answer never carries it. */
export const exchangeDenialReasons = [
  'malformed_request',
  'invalid_client',
  'issuer_untrusted',
  'malformed_token',
  'invalid_signature',
  'invalid_claims',
  'expired',
  'replayed',
  'cross_env_replay',
  'person_without_actor',
  'unknown_resource',
  'scope_not_allowed',
  'not_allowed',
  'grant_overdue',
  'suspended',
  'restricted',
  'pattern_mismatch',
  'binding_required',
  'no_lifetime_left',
  'handle_not_live',
  'canary',
  'actor_not_allowed',
  'chain_too_deep',
  'client_auth_required',
  'condition_not_met',
  'call_not_allowed',
  'proof_invalid',
  'binding_mismatch',
  'not_supported',
  'dependency_unavailable',
  'internal_error',
] as const;

export type ExchangeDenialReason = (typeof exchangeDenialReasons)[number];

export const exchangeEvents = {
  'dev.postern.exchange.permitted.v1': z.object({
    actor: actorBlock,
    ...requested,
    subject_token_iat: z.int(),
    subject_token_exp: z.int(),
    subject_token_kid: z.string().optional(),
    granted_resource: z.string(),
    granted_scope: z.string(),
    env: z.string(),
    handle_id: z.string(),
    family_id: z.string(),
    handle_exp: z.int(),
    max_calls: z.int(),
    binding: z.enum(['none', 'dpop', 'mtls']),
    pattern: z.enum(['downscoping', 'federation', 'delegation']),
    grant_id: z.string(),
    grant_version: z.int(),
    grant_set_digest: z.string(),
  }),
  'dev.postern.exchange.denied.v1': z.object({
    actor: actorBlock.partial().extend({ client: actorBlock.shape.client }),
    ...requested,
    env: z.string(),
    reason: z.enum(exchangeDenialReasons),
    detail: z
      .string()
      .describe('for the operator; names what was compared, never a token or a secret'),
    error: z.string().describe('the OAuth error code of the answer'),
    grant_id: z.string().optional().describe('the grant that came closest'),
    grant_set_digest: z.string().optional(),
    canary_id: z.string().optional().describe('the canary that was presented'),
    ...restricted,
    prior_exchange_id: z.string().optional(),
    prior_env: z.string().optional(),
    count: z
      .int()
      .optional()
      .describe('how many like it this event stands for, when a flood is summed up'),
  }),
};
