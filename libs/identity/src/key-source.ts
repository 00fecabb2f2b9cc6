import { type IssuerRegistration } from './issuer-registration.js';

/** A public key as its issuer published it (RFC 7517). Not yet checked for strength or use. */
export type PublishedJwk = Readonly<Record<string, unknown>>;

/** The public keys of one issuer. Keys of two issuers are never put together. */
export interface KeySet {
  readonly keys: readonly PublishedJwk[];
  /** Of a trust domain: the certificates (DER) that vouch for its X509-SVIDs. Absent for other issuers. */
  readonly x509Authorities?: readonly Uint8Array[];
  readonly fetchedAt: Date;
}

/** Where the keys of registered issuers come from. Only ever asked for an issuer that is on the allow list. */
export abstract class KeySource {
  /**
   * The key set in use; fetched when there is none. May be called at once by many: one fetch runs for an issuer.
   * @throws DependencyUnavailable when there is none within the maximum age and none can be fetched.
   */
  abstract current(issuer: IssuerRegistration): Promise<KeySet>;

  /**
   * Asks again because a key id was not found. At most one fetch per issuer in 30 seconds: within that time the
   * answer is what is known already. A failed fetch answers with the last good set while it is young enough.
   */
  abstract refetch(issuer: IssuerRegistration): Promise<KeySet>;
}
