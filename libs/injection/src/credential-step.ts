import {
  CredentialWithheld,
  type ManagedCredentials,
  type PinnedCredentials,
  type SecretVersion,
} from '#credentials';
import { type Handle } from '#handles';
import { PosternError } from '#kernel';
import { CallDenied } from './call-denied.js';
import { CallFailed } from './call-failed.js';
import { CredentialFieldMissing, CredentialUnusable } from './injectors/credential-unusable.js';
import { type InjectorPorts } from './injectors/injector-for.js';
import { type SessionPorts } from './injectors/opener-for.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { type Prepared, PreparedCredentials } from './injectors/prepared-credentials.js';
import { type ManagedCall, ManagedCalls, type ManagedCallsParts } from './managed-calls.js';
import { type ProxiedResource } from './proxied-resource.js';
import { type CredentialSessions } from './sessions/credential-sessions.js';

export interface CredentialParts extends InjectorPorts, SessionPorts {
  readonly credentials: Pick<PinnedCredentials, 'current' | 'peek' | 'version' | 'peekVersion'>;
  /** Absent: no credential is managed. */
  readonly managed?: ManagedCredentials | undefined;
  readonly resent?: ManagedCallsParts['resent'];
}

/** From a resource to the version of its secret that this call uses, or a session opened with it, ready to be injected. */
export class CredentialStep {
  readonly #prepared: PreparedCredentials;
  /** Undefined: no credential is managed. */
  readonly managed: ManagedCalls | undefined;

  constructor(private readonly parts: CredentialParts) {
    this.#prepared = new PreparedCredentials(parts);
    const { managed, credentials: versions, resent } = parts;
    this.managed =
      managed && new ManagedCalls({ managed, versions, prepared: this.#prepared, resent });
  }

  /** Whether its calls have to be admitted. */
  isManaged({ secretRef }: ProxiedResource): boolean {
    return this.parts.managed?.has(secretRef) === true;
  }

  /** @throws CallDenied, CallFailed */
  current(managed: ManagedCall): Promise<PreparedCredential> {
    const { resource, handle } = managed.call.permitted;
    const census = this.parts.managed;
    return census !== undefined && this.isManaged(resource)
      ? this.#admitted(managed, census)
      : this.#newest(resource, handle);
  }

  async #admitted(managed: ManagedCall, census: ManagedCredentials): Promise<PreparedCredential> {
    const { resource, handle } = managed.call.permitted;
    for (;;) {
      const credential = await this.#pinned(managed);
      if (credential !== undefined) return credential;
      const newest = await this.#newest(resource, handle);
      const use = census.begun(resource.secretRef, newest.version);
      if (use === false) continue; // It became managed in the meantime.
      managed.call.use = use;
      return newest;
    }
  }

  /** Undefined: it is not managed yet. @throws CallDenied, CallFailed */
  async #pinned(managed: ManagedCall): Promise<PreparedCredential | undefined> {
    try {
      return await this.managed?.begin(managed);
    } catch (error) {
      throw isUnusable(error) ? unusable(error) : unavailable(error);
    }
  }

  async #newest(resource: ProxiedResource, handle: Handle): Promise<PreparedCredential> {
    const { credentials } = this.parts;
    const secret = credentials.peek(resource.secretRef) ?? (await this.#read(resource));
    const prepared = this.#of(resource, secret);
    return prepared.sessions === undefined
      ? prepared.credential
      : await opened(prepared.sessions, handle);
  }

  /** See PreparedCredentials. */
  sweep(): Promise<void> {
    const { managed, credentials } = this.parts;
    this.#prepared.foresee(
      ({ secretRef }) => managed?.versionsOf(secretRef) ?? [],
      ({ secretRef }, version) => credentials.peekVersion(secretRef, version),
    );
    return this.#prepared.sweep(
      ({ secretRef }, version) => managed?.isWanted(secretRef, version) === true,
    );
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

/** A call that was ended while it waited stays so. */
function unavailable(error: unknown): CallDenied | CallFailed {
  if (error instanceof CallDenied || error instanceof CallFailed) return error;
  const withheld = error instanceof CredentialWithheld;
  return new CallDenied(
    {
      code: 'credential-unavailable',
      reason: 'credential_unavailable',
      detail: detailOf(error),
      severity: withheld ? 'WARN' : 'ERROR',
      ...(withheld ? { retryAfterSeconds: error.retryAfterSeconds } : {}),
    },
    { cause: error },
  );
}

const isUnusable = (error: unknown): boolean =>
  error instanceof CredentialFieldMissing || error instanceof CredentialUnusable;

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
