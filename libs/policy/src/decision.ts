import { type WorkloadIdentity } from '#identity';
import { type Grant, type GrantSet } from './grant.js';
import { type Resource } from './resource.js';

/** A verified workload asks for scopes of one resource. */
export interface AccessRequest {
  readonly identity: WorkloadIdentity;
  /** Undefined when the request named none. Never empty. */
  readonly requestedScopes: readonly string[] | undefined;
  readonly resource: Resource;
  readonly now: Date;
}

export type AccessDenialReason =
  'not_allowed' | 'grant_overdue' | 'scope_not_allowed' | 'pattern_mismatch' | 'binding_required';

export type AccessDecision =
  | {
      readonly effect: 'permit';
      readonly grant: Grant;
      readonly grantSetDigest: GrantSet['digest'];
      readonly scopes: readonly string[];
    }
  | {
      readonly effect: 'deny';
      readonly reason: AccessDenialReason;
      /** For operators: what was compared with what. */
      readonly detail: string;
      /** The grant that came closest, when there is one. */
      readonly grant: Grant | undefined;
      readonly grantSetDigest: GrantSet['digest'];
    };
