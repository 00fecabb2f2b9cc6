import { type IssuerRegistration } from '#identity';
import { discoverKeyAddress } from './discover-key-address.js';
import { fetchKeyDocument } from './fetch-key-document.js';
import { KEY_DOCUMENT_TIMEOUT_MS } from './key-document-limits.js';
import { type PublishedKeys, type ReadPublishedKeys } from './published-keys.js';

export interface KeyEndpointParts {
  readonly registration: IssuerRegistration;
  readonly read: ReadPublishedKeys;
  readonly certificateAuthorities: string | undefined;
}

/**
 * A JWKS document that an issuer serves, at the registered address or where its discovery document says; or the bundle
 * that a trust domain serves.
 */
export class KeyEndpoint {
  #document: Buffer | undefined;

  constructor(private readonly parts: KeyEndpointParts) {}

  /** @throws an error whose message says what was asked and what went wrong. */
  async load(known: PublishedKeys | undefined): Promise<PublishedKeys> {
    const signal = AbortSignal.timeout(KEY_DOCUMENT_TIMEOUT_MS);
    const address = await this.#address(signal);
    const { registration, certificateAuthorities } = this.parts;
    const allowPrivate = registration.allowPrivateKeyEndpoint;
    const found = await fetchKeyDocument({ address, allowPrivate, signal, certificateAuthorities });
    if (found.kind === 'absent') throw new Error(`${address} answers 404`);
    const document = Buffer.from(found.bytes);
    if (known !== undefined && this.#document?.equals(document) === true) return known;
    const keys = this.parts.read(document);
    this.#document = document;
    return keys;
  }

  async #address(signal: AbortSignal): Promise<string> {
    const { keys, kind } = this.parts.registration;
    if (keys.kind !== 'uri') return discoverKeyAddress(this.parts.registration, signal);
    // SPIFFE Federation section 5.2.1: https, also where a JWKS may come in plain text.
    if (kind === 'spiffe' && !/^https:\/\//i.test(keys.uri)) {
      throw new Error(`the bundle endpoint ${keys.uri} is not https`);
    }
    return keys.uri;
  }
}
