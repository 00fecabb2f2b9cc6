import { type PinnedCredentials, type SecretVersion } from '#credentials';
import { type Handle } from '#handles';
import { PosternError } from '#kernel';
import { CallDenied } from './call-denied.js';
import { CallFailed } from './call-failed.js';
import { CredentialFieldMissing } from './injectors/credential-unusable.js';
import { type InjectorPorts } from './injectors/injector-for.js';
import { type SessionPorts } from './injectors/opener-for.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { type Prepared, PreparedCredentials } from './injectors/prepared-credentials.js';
import { type ProxiedResource } from './proxied-resource.js';
import { type CredentialSessions } from './sessions/credential-sessions.js';

export interface CredentialParts extends InjectorPorts, SessionPorts {
  readonly credentials: Pick<PinnedCredentials, 'current' | 'peek'>;
}

/** From a resource to the version of its secret that this call uses, or a session opened with it, ready to be injected. */
export class CredentialStep {
  readonly #prepared: PreparedCredentials;

  constructor(private readonly parts: CredentialParts) {
    this.#prepared = new PreparedCredentials(parts);
  }

  /** @throws CallDenied */
  async current(resource: ProxiedResource, handle: Handle): Promise<PreparedCredential> {
    const { credentials } = this.parts;
    const secret = credentials.peek(resource.secretRef) ?? (await this.#read(resource));
    const prepared = this.#of(resource, secret);
    return prepared.sessions === undefined
      ? prepared.credential
      : await opened(prepared.sessions, handle);
  }

  /** See PreparedCredentials. */
  sweep(): Promise<void> {
    return this.#prepared.sweep();
  }

  holders(): Iterable<string> {
    return this.#prepared.holders();
  }

  endSessionsOf(handleIds: ReadonlySet<string>): Promise<void> {
    return this.#prepared.endSessionsOf(handleIds);
  }

  close(): Promise<void> {
    return this.#prepared.close();
  }

  #of(resource: ProxiedResource, secret: SecretVersion): Prepared {
    try {
      return this.#prepared.of(resource, secret);
    } catch (error) {
      throw unusable(error);
    }
  }

  async #read(resource: ProxiedResource): Promise<SecretVersion> {
    try {
      return await this.parts.credentials.current(resource.secretRef);
    } catch (error) {
      throw unavailable(error);
    }
  }
}

/** @throws CallDenied */
async function opened(sessions: CredentialSessions, handle: Handle): Promise<PreparedCredential> {
  try {
    return await sessions.current(handle);
  } catch (error) {
    throw unavailable(error);
  }
}

const unavailable = (error: unknown): CallDenied =>
  new CallDenied(
    {
      code: 'credential-unavailable',
      reason: 'credential_unavailable',
      detail: detailOf(error),
      severity: 'ERROR',
    },
    { cause: error },
  );

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
