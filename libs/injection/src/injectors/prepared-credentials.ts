import { type SecretVersion } from '#credentials';
import { type ProxiedResource } from '../proxied-resource.js';
import { PreparedCredential } from './prepared-credential.js';

interface Entry {
  readonly secret: SecretVersion;
  readonly prepared: PreparedCredential;
}

/**
 * Keeps what was prepared for the version in use: one entry a resource object, valid for one secret version object. Two
 * resources never share an entry, even when they share a secret.
 */
export class PreparedCredentials {
  readonly #entries = new WeakMap<ProxiedResource, Entry>();

  /** @throws CredentialFieldMissing, CredentialUnusable */
  of(resource: ProxiedResource, secret: SecretVersion): PreparedCredential {
    const entry = this.#entries.get(resource);
    if (entry?.secret === secret) return entry.prepared;
    const prepared = PreparedCredential.prepare(resource, secret);
    this.#entries.set(resource, { secret, prepared });
    return prepared;
  }
}
