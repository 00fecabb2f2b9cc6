import { type IssuerRegistration, parseKeySet, type PublishedJwk } from '#identity';
import { discoverKeyAddress } from './discover-key-address.js';
import { fetchKeyDocument } from './fetch-key-document.js';
import { KEY_DOCUMENT_TIMEOUT_MS } from './key-document-limits.js';

/** A JWKS document that an issuer serves: at the registered address, or where its discovery document says. */
export class KeyEndpoint {
  #document: Buffer | undefined;

  constructor(private readonly registration: IssuerRegistration) {}

  /** @throws an error whose message says what was asked and what went wrong. */
  async load(known: readonly PublishedJwk[] | undefined): Promise<readonly PublishedJwk[]> {
    const signal = AbortSignal.timeout(KEY_DOCUMENT_TIMEOUT_MS);
    const address = await this.#address(signal);
    const allowPrivate = this.registration.allowPrivateKeyEndpoint;
    const found = await fetchKeyDocument({ address, allowPrivate, signal });
    if (found.kind === 'absent') throw new Error(`${address} answers 404`);
    const document = Buffer.from(found.bytes);
    if (known !== undefined && this.#document?.equals(document) === true) return known;
    const keys = parseKeySet(document);
    this.#document = document;
    return keys;
  }

  async #address(signal: AbortSignal): Promise<string> {
    const { keys } = this.registration;
    return keys.kind === 'uri' ? keys.uri : discoverKeyAddress(this.registration, signal);
  }
}
