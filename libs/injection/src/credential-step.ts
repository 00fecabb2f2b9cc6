import { type PinnedCredentials, type SecretVersion } from '#credentials';
import { PosternError } from '#kernel';
import { CallDenied } from './call-denied.js';
import { CallFailed } from './call-failed.js';
import { CredentialFieldMissing } from './injectors/credential-unusable.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { PreparedCredentials } from './injectors/prepared-credentials.js';
import { type ProxiedResource } from './proxied-resource.js';

/** From a resource to the version of its secret that this call uses, ready to be injected. */
export class CredentialStep {
  readonly #prepared = new PreparedCredentials();

  constructor(private readonly credentials: Pick<PinnedCredentials, 'current' | 'peek'>) {}

  /** @throws CallDenied */
  async current(resource: ProxiedResource): Promise<PreparedCredential> {
    const secret = this.credentials.peek(resource.secretRef) ?? (await this.#read(resource));
    try {
      return this.#prepared.of(resource, secret);
    } catch (error) {
      throw unusable(error);
    }
  }

  async #read(resource: ProxiedResource): Promise<SecretVersion> {
    try {
      return await this.credentials.current(resource.secretRef);
    } catch (error) {
      throw new CallDenied(
        {
          code: 'credential-unavailable',
          reason: 'credential_unavailable',
          detail: detailOf(error),
          severity: 'ERROR',
        },
        { cause: error },
      );
    }
  }
}

/** The secret is there and cannot be put on the call; a refusal stays what it is. */
export function unusable(error: unknown): unknown {
  if (error instanceof CallDenied || error instanceof CallFailed) return error;
  const missing = error instanceof CredentialFieldMissing;
  return new CallDenied(
    {
      code: missing ? 'credential-unavailable' : 'credential-unusable',
      reason: 'credential_unavailable',
      detail: detailOf(error),
      severity: 'ERROR',
    },
    { cause: error },
  );
}

/** Messages of foreign errors may quote what they failed on. */
const detailOf = (error: unknown): string =>
  error instanceof PosternError ? error.message : 'unexpected failure';
