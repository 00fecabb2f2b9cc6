import { type ActorHop, type MayAct, type WorkloadIdentity } from '#identity';
import { type Resource } from './resource.js';

/** The handle that is presented in the place of a token: what comes of it is narrower in every dimension. */
export interface ParentAuthority {
  readonly resource: string;
  readonly chainDepth: number;
  readonly maxCalls: number;
  readonly callsLeft: number;
  readonly call: NamedCall | undefined;
  readonly task: string | undefined;
}

/** What is presented, and so which pattern a request can fit. */
export type PresentedAuthority =
  /** A token of the subject, by the subject. */
  | { readonly kind: 'token' }
  /** A token of the subject, by another workload. `chain` is whom the subject token records, the outermost first. */
  | {
      readonly kind: 'delegated';
      readonly actor: WorkloadIdentity;
      readonly mayAct: MayAct | undefined;
      readonly chain: readonly ActorHop[];
    }
  | { readonly kind: 'handle'; readonly parent: ParentAuthority };

/** One call by method and path; `segments` are the decoded segments of the path. */
export interface NamedCall {
  readonly method: string;
  readonly path: string;
  readonly segments: readonly string[];
}

/** What the caller says that it wants the handle for (RFC 9396, `urn:postern:call`). Each member only narrows. */
export interface Intent {
  readonly task: string | undefined;
  readonly call: NamedCall | undefined;
  readonly maxCalls: number | undefined;
  readonly ttlSeconds: number | undefined;
}

export const NO_INTENT: Intent = {
  task: undefined,
  call: undefined,
  maxCalls: undefined,
  ttlSeconds: undefined,
};

export type BindingKind = 'none' | 'dpop' | 'mtls';

/** The keys that the caller has proven to hold, and the one that what it presents is bound to. */
export interface Proofs {
  readonly dpop: boolean;
  readonly mtls: boolean;
  readonly boundBy: BindingKind;
}

export const NO_PROOFS: Proofs = { dpop: false, mtls: false, boundBy: 'none' };

/** A verified workload asks for scopes of one resource. */
export interface AccessRequest {
  /** On whose behalf. Its `scopes` are those of the handle when a handle is presented. */
  readonly identity: WorkloadIdentity;
  readonly presented: PresentedAuthority;
  /** Whether the caller proved who it is by more than the subject token: an assertion, or the key it is bound to. */
  readonly clientAuthenticated: boolean;
  readonly proofs: Proofs;
  /** Undefined when the request named none. Never empty. */
  readonly requestedScopes: readonly string[] | undefined;
  readonly intent: Intent;
  readonly resource: Resource;
  /** When the first of what is presented ends: subject token, actor token, parent. */
  readonly expiresAt: Date;
  readonly now: Date;
}
