import {
  type AccessDecision,
  type AccessDenialReason,
  requiredBinding,
  type Resource,
} from '#policy';
import { type OAuthErrorCode } from './oauth-error.js';

type Denied = Extract<AccessDecision, { effect: 'deny' }>;

/** RFC 8693 section 2.2.2, RFC 9396 section 5. */
const CODES: Readonly<Record<AccessDenialReason, OAuthErrorCode>> = {
  not_allowed: 'invalid_target',
  grant_overdue: 'invalid_target',
  condition_not_met: 'invalid_target',
  scope_not_allowed: 'invalid_scope',
  call_not_allowed: 'invalid_authorization_details',
  binding_required: 'invalid_request',
  pattern_mismatch: 'invalid_request',
  actor_not_allowed: 'invalid_request',
  chain_too_deep: 'invalid_request',
  client_auth_required: 'invalid_request',
  no_lifetime_left: 'invalid_request',
};

/** What the caller is told of a decision against it. One who only lacks a DPoP proof is told so (RFC 9449 section 5). */
export const denialCode = (denied: Denied, resource: Resource): OAuthErrorCode =>
  denied.reason === 'binding_required' && wantsDpop(denied, resource)
    ? 'invalid_dpop_proof'
    : CODES[denied.reason];

const wantsDpop = ({ grant }: Denied, resource: Resource): boolean =>
  grant !== undefined && requiredBinding(grant.binding, resource.handle.binding) === 'dpop';
