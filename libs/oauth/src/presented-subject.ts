import { type Digest, secondsAfter } from '#kernel';
import { type ActorHop, type MayAct, type VerifiedToken, type WorkloadIdentity } from '#identity';
import {
  ALL_PATH_EXCEPTIONS,
  type BindingKind,
  type ParentAuthority,
  parseCallPath,
} from '#policy';
import { type Handle } from '#handles';
import { refused } from './exchange-refusal.js';
import { subjectTokenKey, usesMax } from './subject-token-key.js';

/** Whose authority is exchanged, and what of it is known: from a token of an issuer, or from a handle of ours. */
export interface PresentedSubject {
  readonly identity: WorkloadIdentity;
  readonly expiresAt: Date;
  /** The key that what was presented is bound to, when it is. */
  readonly confirmation: VerifiedToken['confirmation'];
  /** Who acts for the subject already, the outermost first. */
  readonly actors: readonly ActorHop[];
  readonly mayAct: MayAct | undefined;
  readonly origin:
    | { readonly kind: 'token'; readonly token: VerifiedToken; readonly use: TokenUses }
    | { readonly kind: 'handle'; readonly handle: Handle };
}

/** How the exchanges of one token are counted. */
export interface TokenUses {
  readonly key: Digest;
  readonly usesMax: number | undefined;
  readonly forgetAt: Date;
}

export const usesOf = (token: VerifiedToken): TokenUses => ({
  key: subjectTokenKey(token),
  usesMax: usesMax(token),
  // A token is accepted until its expiry plus the clock skew; that long its use is remembered.
  forgetAt: secondsAfter(token.expiresAt, token.issuer.clockSkewSeconds),
});

export const subjectOfToken = (token: VerifiedToken): PresentedSubject => ({
  identity: token.identity,
  expiresAt: token.expiresAt,
  confirmation: token.confirmation,
  actors: token.actors,
  mayAct: token.mayAct,
  origin: { kind: 'token', token, use: usesOf(token) },
});

/** A handle keeps no claims; what it may be exchanged for is told by its scopes. */
export const subjectOfHandle = (
  handle: Handle,
  subjectKind: WorkloadIdentity['subjectKind'],
): PresentedSubject => ({
  identity: {
    issuer: handle.subject.issuer,
    subject: handle.subject.subject,
    subjectKind,
    claims: new Map(),
    scopes: handle.scopes,
  },
  expiresAt: handle.expiresAt,
  confirmation: confirmationOf(handle),
  actors: handle.actors,
  mayAct: undefined,
  origin: { kind: 'handle', handle },
});

function confirmationOf({ binding }: Handle): VerifiedToken['confirmation'] {
  switch (binding.kind) {
    case 'none':
      return undefined;
    case 'dpop':
      return { jkt: binding.jkt };
    case 'mtls':
      return { x5tS256: binding.x5tS256 };
  }
}

/** @throws OAuthError for a handle whose call does not read any more: it must not become one for every call */
export function parentOf(handle: Handle): ParentAuthority {
  const { resource, chainDepth, maxCalls, callsUsed, intent, task } = handle;
  const segments =
    intent === undefined ? undefined : parseCallPath(intent.path, ALL_PATH_EXCEPTIONS);
  if (intent !== undefined && segments === undefined) {
    throw refused('handle_not_live', 'the call that the handle is for does not read any more');
  }
  const call = intent === undefined || segments === undefined ? undefined : { ...intent, segments };
  return { resource, chainDepth, maxCalls, callsLeft: maxCalls - callsUsed, call, task };
}

/** Undefined for one that is bound by two keys at once: no handle can be bound so. */
export function boundBy(confirmation: VerifiedToken['confirmation']): BindingKind | undefined {
  if (confirmation === undefined) return 'none';
  if (confirmation.x5tS256 === undefined) return 'dpop';
  return confirmation.jkt === undefined ? 'mtls' : undefined;
}
