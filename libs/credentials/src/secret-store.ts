import { PosternError } from '#kernel';
import { refText, type SecretRef, type SecretVersion } from './secret-ref.js';

/**
 * The store cannot answer: sealed, unreachable, or it refuses us. Nothing is said of the secret. Never has a `cause`:
 * what an HTTP client throws carries the request with its credentials.
 */
export class SecretStoreUnavailable extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(
    readonly condition: 'sealed' | 'unreachable' | 'denied',
    message: string,
  ) {
    super(message);
  }
}

/** The store answers, and has no such secret or version (never written, deleted or destroyed). */
export class SecretNotFound extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(ref: SecretRef, version?: number) {
    super(
      `no secret at ${refText(ref)}${version === undefined ? '' : `, version ${version}`}: ` +
        'write it, or correct credential.ref in postern.yaml',
    );
  }
}

/** The store answers with something that is no secret of text fields, or not what was asked for. */
export class SecretMalformed extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(ref: SecretRef, what: string) {
    super(`the secret at ${refText(ref)} cannot be used: ${what}`);
  }
}

/** Which writing of a secret is the newest. */
export interface VersionMark {
  readonly version: number;
  /**
   * Names the act of writing. Differs between two that gave the same number: a path whose metadata was deleted counts
   * from 1 again. To be compared, never parsed.
   */
  readonly writing: string;
}

/**
 * Reads versions of secrets. Callers pin the version that they read. May be called at once by many. Every call ends
 * within 30 seconds.
 */
export abstract class SecretStore {
  /**
   * The newest version. When that one is deleted or destroyed there is none: an older version is never offered in its
   * place, because whoever deletes the newest wants an end, not a return.
   * @throws SecretStoreUnavailable, SecretNotFound, SecretMalformed, SecretRefInvalid
   */
  abstract currentVersion(ref: SecretRef): Promise<VersionMark>;

  /**
   * Exactly that version.
   * @throws SecretStoreUnavailable, SecretNotFound, SecretMalformed, SecretRefInvalid
   */
  abstract read(ref: SecretRef, version: number): Promise<SecretVersion>;
}
