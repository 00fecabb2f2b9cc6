import { type ActorHop } from '#identity';
import { type Digest } from '#kernel';

/** The key that a handle is bound to. */
export type Binding =
  | { readonly kind: 'none' }
  | { readonly kind: 'dpop'; readonly jkt: string }
  | { readonly kind: 'mtls'; readonly x5tS256: string };

/** The one operation that a handle is narrowed to, compared byte for byte with the call (RFC 9396, `urn:postern:call`). */
export interface CallIntent {
  readonly method: string;
  /** The path of the call below `/proxy/<resource>`, as the caller writes it. */
  readonly path: string;
}

export type HandleStatus = 'active' | 'suspended' | 'revoked';

/** A handle as it is stored: by digest. The plaintext is not part of it and cannot be had back. */
export interface Handle {
  /** Random public id, `hdl_...`. */
  readonly id: string;
  readonly digest: Digest;
  /** All handles that descend from one subject token, `fam_...`. */
  readonly familyId: string;
  /** The handle that this one was exchanged for; undefined for one that was exchanged for a token. */
  readonly parentId: string | undefined;
  /** 0 for a handle that was exchanged for a token, one more than the parent's otherwise. */
  readonly chainDepth: number;
  readonly subject: { readonly issuer: string; readonly subject: string; readonly id: string };
  /** Who acts for the subject: the outermost first; empty when the subject acts by itself. */
  readonly actors: readonly ActorHop[];
  /** Key id of the subject token's signature, so that a removed key can revoke what was made under it. */
  readonly subjectTokenKeyId: string | undefined;
  readonly grant: {
    readonly id: string;
    readonly version: number;
    /** Of this grant alone: a handle ends when its grant is edited. */
    readonly digest: string;
    readonly setDigest: string;
  };
  readonly pattern: 'downscoping' | 'federation' | 'delegation';
  readonly resource: string;
  readonly environment: string;
  readonly scopes: readonly string[];
  readonly binding: Binding;
  readonly intent: CallIntent | undefined;
  /** What the workload calls its task; all its handles of one task can be revoked at once. */
  readonly task: string | undefined;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly maxCalls: number;
  readonly callsUsed: number;
  readonly status: HandleStatus;
  readonly correlationId: string;
  /** Of the address that it was given to (`addressMark`); undefined: that is not known. */
  readonly addressMark: Digest | undefined;
  /** Whether the event of the first call with it is written; it may have been since the look-up. */
  readonly firstUseTold: boolean;
}
