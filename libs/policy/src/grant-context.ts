import { type ResourceSet } from './resource-set.js';

/** What grant files refer to. */
export interface GrantContext {
  /** The one environment that this deployment serves. */
  readonly environment: string;
  /** Issuer id to its registration. */
  readonly issuers: ReadonlyMap<string, { readonly issuer: string }>;
  readonly resources: ResourceSet;
  readonly now: Date;
}
