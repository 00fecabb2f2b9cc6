import { type Condition } from './condition.js';
import { type BindingRequirement } from './resource.js';

export type Pattern = 'downscoping' | 'federation' | 'delegation';

/** What a grant may compare a claim with. */
export type ScalarClaim = string | number | boolean;

/** Which workloads a grant is for. Structural and exact: no regular expression, no glob. */
export interface SubjectMatch {
  /** Issuer id of the registry, resolved to its `iss` value when the set is compiled. */
  readonly issuer: string;
  readonly id:
    | { readonly kind: 'exact'; readonly subject: string }
    /**
     * The subject split at every `/`, compared one by one; a `*` entry matches exactly one segment that is not empty.
     * `spiffe://prod.example/ns/pay` has the segments `spiffe:`, ``, `prod.example`, `ns`, `pay`.
     */
    | { readonly kind: 'segments'; readonly segments: readonly string[] }
    | { readonly kind: 'any' };
  /**
   * Each claim must be present and equal to one of the listed values, same JSON type. A name with slashes may mean a
   * member of an object claim: `kubernetes.io/namespace`.
   */
  readonly claims: ReadonlyMap<string, readonly ScalarClaim[]>;
}

/** One purpose: permits one workload (or a closed set) one resource and a ceiling of scopes. */
export interface Grant {
  readonly id: string;
  /** The one environment that the deployment serves. */
  readonly environment: string;
  readonly version: number;
  readonly purpose: string;
  readonly owner: string;
  readonly approvedBy: readonly string[];
  readonly pattern: Pattern;
  readonly created: Date;
  /** The first instant at which the grant denies. */
  readonly reviewBy: Date;
  readonly subject: SubjectMatch;
  /** Who may act for the subject; undefined: nobody, or whom the subject token's `may_act` names. */
  readonly actor: SubjectMatch | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly defaultScopes: readonly string[] | undefined;
  readonly maxTtlSeconds: number;
  readonly maxCalls: number | undefined;
  readonly binding: BindingRequirement;
  /** `self`: the subject token alone says who the caller is; `required`: the caller proves that it is its subject. */
  readonly clientAuth: 'self' | 'required';
  readonly maxChainDepth: number;
  readonly when: Condition | undefined;
  /** File that it came from, for errors and explanations. */
  readonly file: string;
  /** SHA-256 over the canonical form of this grant. */
  readonly digest: string;
}

/** All grants of a deployment, compiled once, immutable. */
export interface GrantSet {
  readonly grants: readonly Grant[];
  /** SHA-256 over the canonical form of all grants; each decision records it. */
  readonly digest: string;
  readonly loadedAt: Date;
}

/** Where grants come from. */
export abstract class GrantSource {
  /** The set in force. Swapped as a whole; an invalid new set never replaces a good one. Costs no I/O. */
  abstract current(): GrantSet;
}
