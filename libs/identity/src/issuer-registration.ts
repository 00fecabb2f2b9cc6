import { type ClaimValue } from './workload-identity.js';

/** How often one subject token may be exchanged. */
export type TokenUse =
  | { readonly kind: 'once' }
  | { readonly kind: 'bounded'; readonly uses: number }
  | { readonly kind: 'reusable' };

/** Where an issuer's public keys come from. */
export type KeyLocation =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'discovery' };

/** An entry of the issuer registry: who may vouch for workloads, and within what limits. */
export interface IssuerRegistration {
  readonly id: string;
  readonly kind: 'oidc';
  /** Compared byte for byte with the `iss` claim, before any network call. */
  readonly issuer: string;
  readonly keys: KeyLocation;
  /** JWS algorithms, asymmetric only, compared case-sensitively. */
  readonly algorithms: readonly string[];
  /** Accepted `typ` header values without `application/`, lower case; an absent `typ` counts as `jwt`. */
  readonly types: readonly string[];
  readonly subjects: 'workload' | 'person';
  readonly tokenUse: TokenUse;
  readonly maxLifetimeSeconds: number;
  readonly maxAgeSeconds: number;
  readonly clockSkewSeconds: number;
  /** Each must be present and equal (or, for a list, equal to one of its members). */
  readonly requiredClaims: ReadonlyMap<string, ClaimValue | readonly ClaimValue[]>;
  readonly owner: string;
  readonly purpose: string;
  /** From this instant on the issuer is not trusted. */
  readonly reviewBy: Date;
  /** Private and loopback addresses may be asked for keys; link-local and metadata addresses never. */
  readonly allowPrivateKeyEndpoint: boolean;
}
