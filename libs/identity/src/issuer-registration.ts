import { type ClaimValue } from './workload-identity.js';

/** How often one subject token may be exchanged. */
export type TokenUse =
  | { readonly kind: 'once' }
  | { readonly kind: 'bounded'; readonly uses: number }
  | { readonly kind: 'reusable' };

/** Where an issuer's public keys come from. */
export type KeyLocation =
  | { readonly kind: 'file'; readonly path: string }
  | ({ readonly kind: 'uri'; readonly uri: string } & KeyRefresh)
  | ({ readonly kind: 'discovery' } & KeyRefresh);

export interface KeyRefresh {
  /**
   * A key that the issuer removed is refused after this time. Default: five minutes, and of a trust domain what its
   * bundle hints.
   */
  readonly refreshSeconds?: number;
}

/** What is registered of every issuer: who may vouch for workloads, and within what limits. */
export interface IssuerTerms {
  readonly id: string;
  /**
   * The issuer of a workload's identity, compared byte for byte before any network call: the `iss` claim, or
   * `spiffe://<trust domain>`.
   */
  readonly issuer: string;
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
}

/** An issuer that signs its tokens: an OIDC issuer, or a SPIFFE trust domain with its bundle. */
export interface IssuerRegistration extends IssuerTerms {
  readonly kind: 'oidc' | 'spiffe';
  /** JWKS of an OIDC issuer, bundle of a trust domain (never by discovery). */
  readonly keys: KeyLocation;
  /** JWS algorithms, asymmetric only, compared case-sensitively. */
  readonly algorithms: readonly string[];
  /** Accepted `typ` header values without `application/`, lower case; an absent `typ` counts as `jwt`. */
  readonly types: readonly string[];
  /** Private and loopback addresses may be asked for keys; link-local and metadata addresses never. */
  readonly allowPrivateKeyEndpoint: boolean;
}

/** An issuer of opaque tokens, which its introspection endpoint (RFC 7662) vouches for. */
export interface IntrospectionRegistration extends IssuerTerms {
  readonly kind: 'introspection';
  /** Never taken from a token (I-20). */
  readonly endpoint: string;
  /** Where the secret lies by which Postern authenticates there: fields `client_id` and `client_secret`. */
  readonly clientSecret: { readonly mount: string; readonly path: string };
  /** Whether `aud` must name this deployment alone (I-22). */
  readonly audienceRequired: boolean;
  /** Private and loopback addresses may be asked; link-local and metadata addresses never. */
  readonly allowPrivateEndpoint: boolean;
}

/** An entry of the issuer registry. */
export type RegisteredIssuer = IssuerRegistration | IntrospectionRegistration;
