import { type CallDenialReason, type ExchangeDenialReason } from '#events';

/** Steps of the exchange pipeline, in their order. */
export const EXCHANGE_STEPS = [
  'parse',
  'issuer',
  'token',
  'caller',
  'proof',
  'replay',
  'resource',
  'scopes',
  'decide',
  'life',
  'issue',
] as const;

/** Steps of the call pipeline up to the first byte that is sent, in their order. */
export const CALL_STEPS = [
  'request',
  'handle',
  'binding',
  'operation',
  'count',
  'credential',
] as const;

export type ExchangeStep = (typeof EXCHANGE_STEPS)[number];
export type CallStep = (typeof CALL_STEPS)[number];

/** Which step refuses for that reason; null where each of them can. For events that do not say it themselves. */
export const EXCHANGE_STEP_OF: Readonly<Record<ExchangeDenialReason, ExchangeStep | null>> = {
  malformed_request: 'parse',
  not_supported: 'parse',
  invalid_client: 'caller',
  issuer_untrusted: 'issuer',
  malformed_token: 'token',
  invalid_signature: 'token',
  invalid_claims: 'token',
  expired: 'token',
  person_without_actor: 'caller',
  binding_required: 'decide',
  replayed: 'replay',
  cross_env_replay: 'replay',
  unknown_resource: 'resource',
  scope_not_allowed: 'scopes',
  not_allowed: 'decide',
  grant_overdue: 'decide',
  suspended: 'issue',
  restricted: 'resource',
  pattern_mismatch: 'decide',
  no_lifetime_left: 'life',
  handle_not_live: 'token',
  canary: 'token',
  actor_not_allowed: 'decide',
  chain_too_deep: 'decide',
  client_auth_required: 'decide',
  condition_not_met: 'decide',
  call_not_allowed: 'decide',
  proof_invalid: 'proof',
  binding_mismatch: 'proof',
  dependency_unavailable: null,
  internal_error: null,
};

export const CALL_STEP_OF: Readonly<Record<CallDenialReason, CallStep | null>> = {
  ambiguous_request: 'request',
  missing_handle: 'handle',
  malformed: 'handle',
  presentation_not_allowed: 'handle',
  unknown: 'handle',
  canary: 'handle',
  expired: 'handle',
  revoked: 'handle',
  suspended: 'handle',
  restricted: 'operation',
  env_mismatch: 'handle',
  binding_mismatch: 'binding',
  proof_invalid: 'binding',
  resource_mismatch: 'operation',
  operation_not_allowed: 'operation',
  request_too_large: 'operation',
  overloaded: 'count',
  calls_exhausted: 'count',
  credential_unavailable: 'credential',
  unsuitable_request: 'credential',
  dependency_unavailable: null,
  internal_error: null,
};
