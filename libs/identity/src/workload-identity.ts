import { sha256OfParts } from '#kernel';

/** A claim as the issuer signed it, after the strict pre-parser: no duplicates, no prototype, bounded depth. */
export type ClaimValue =
  | string
  | number
  | boolean
  | null
  | readonly ClaimValue[]
  | { readonly [name: string]: ClaimValue };

/** Who a workload is. The key is always issuer and subject together, never the subject alone (RFC 9700 section 4.15). */
export interface WorkloadIdentity {
  /** The `iss` claim, byte-exact as registered. */
  readonly issuer: string;
  /** The `sub` claim. */
  readonly subject: string;
  readonly subjectKind: 'workload' | 'person';
  /** All claims of the verified token. Values are never coerced. */
  readonly claims: ReadonlyMap<string, ClaimValue>;
  /** What the token's `scope` claim names; undefined when it carries none: unknown, not unconstrained. */
  readonly scopes: readonly string[] | undefined;
}

/** A public, stable id of a workload identity for keys, events and logs: `sub_` and 32 hexadecimal digits. */
export const subjectIdOf = (identity: { issuer: string; subject: string }): string =>
  `sub_${sha256OfParts([identity.issuer, identity.subject]).slice(0, 32)}`;
