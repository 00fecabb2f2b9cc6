import { type Secret } from '#kernel';
import { type SecretFields } from './rotated-secrets.js';

/** What the store tells of a wrapping token without using it up. */
export interface WrapLookup {
  /** Relative to the namespace. */
  readonly creationPath: string;
  /** Id of the namespace of the store that the token belongs to; absent: the root namespace. */
  readonly namespace?: string;
  readonly createdAt: Date;
  readonly ttlSeconds: number;
}

/** Where a wrapped value was read, for events and people. */
export const wrapPlace = ({
  creationPath,
  namespace,
}: Pick<WrapLookup, 'creationPath' | 'namespace'>): string =>
  namespace === undefined ? creationPath : `${creationPath} in namespace ${namespace}`;

/**
 * `unknown`: the store does not know the token (any more): expired, used up or never issued. `lost`: it was used up and
 * the answer did not arrive, or held no secret of text fields: nobody can get it any more.
 */
export type Unwrapped = { readonly fields: SecretFields } | { readonly failed: 'unknown' | 'lost' };

/** Vault's response-wrapping tokens. A token goes to the store alone, as the client token of its own request. */
export abstract class WrappingTokens {
  /** Undefined: unknown to the store. @throws SecretStoreUnavailable */
  abstract lookUp(wrappingToken: Secret): Promise<WrapLookup | undefined>;

  /**
   * Uses it up. Never asks twice.
   * @throws SecretStoreUnavailable only when the request surely was not sent, or the store refused to look at it (sealed)
   */
  abstract unwrap(wrappingToken: Secret): Promise<Unwrapped>;
}
