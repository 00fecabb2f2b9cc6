import { type Digest } from '#kernel';

/** The key that a handle is bound to. */
export type Binding =
  | { readonly kind: 'none' }
  | { readonly kind: 'dpop'; readonly jkt: string }
  | { readonly kind: 'mtls'; readonly x5tS256: string };

export type HandleStatus = 'active' | 'suspended' | 'revoked';

/** A handle as it is stored: by digest. The plaintext is not part of it and cannot be had back. */
export interface Handle {
  /** Random public id, `hdl_...`. */
  readonly id: string;
  readonly digest: Digest;
  /** All handles that descend from one subject token, `fam_...`. */
  readonly familyId: string;
  readonly subject: { readonly issuer: string; readonly subject: string; readonly id: string };
  /** Key id of the subject token's signature, so that a removed key can revoke what was made under it. */
  readonly subjectTokenKeyId: string | undefined;
  readonly grant: { readonly id: string; readonly version: number; readonly setDigest: string };
  readonly pattern: 'downscoping' | 'federation' | 'delegation';
  readonly resource: string;
  readonly environment: string;
  readonly scopes: readonly string[];
  readonly binding: Binding;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly maxCalls: number;
  readonly callsUsed: number;
  readonly status: HandleStatus;
  readonly correlationId: string;
}
