import { type PublishedJwk } from '#identity';

/** What one document of an issuer says: a JWKS, or the bundle of a trust domain. */
export interface PublishedKeys {
  readonly keys: readonly PublishedJwk[];
  readonly x509Authorities?: readonly Uint8Array[];
  /** When the document wants to be asked for again, within the bounds that are set to that. */
  readonly refreshSeconds?: number | undefined;
  /** Entries that are of no use, when the document may have such. */
  readonly ignoredCount?: number;
}

/** @throws an error whose message says what is wrong with the document. */
export type ReadPublishedKeys = (document: Uint8Array) => PublishedKeys;
