import { type BindingKind, type NamedCall } from './access-request.js';
import { type Grant, type GrantSet } from './grant.js';

export type AccessDenialReason =
  | 'not_allowed'
  | 'grant_overdue'
  | 'scope_not_allowed'
  | 'pattern_mismatch'
  | 'actor_not_allowed'
  | 'chain_too_deep'
  | 'client_auth_required'
  | 'condition_not_met'
  | 'call_not_allowed'
  | 'binding_required'
  | 'no_lifetime_left';

/** Why not, before it is known which grant was asked. */
export interface Denial {
  readonly reason: AccessDenialReason;
  /** For operators: what was compared with what. */
  readonly detail: string;
}

/** Everything that a permitted handle may be, each the narrowest of what applies. */
export interface Permission {
  readonly grant: Grant;
  readonly scopes: readonly string[];
  readonly lifeSeconds: number;
  readonly maxCalls: number;
  readonly binding: BindingKind;
  readonly chainDepth: number;
  readonly call: NamedCall | undefined;
  readonly task: string | undefined;
}

export type AccessDecision =
  | (Permission & { readonly effect: 'permit'; readonly grantSetDigest: GrantSet['digest'] })
  | (Denial & {
      readonly effect: 'deny';
      /** The grant that came closest, when there is one. */
      readonly grant: Grant | undefined;
      readonly grantSetDigest: GrantSet['digest'];
    });
