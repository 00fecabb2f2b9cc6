import { PosternError } from '#kernel';
import { refText, type SecretRef, type SecretVersion } from './secret-ref.js';

/** The store cannot answer: sealed, unreachable, or our login is refused. Nothing is said of the secret. */
export class SecretStoreUnavailable extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(
    readonly condition: 'sealed' | 'unreachable' | 'denied',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
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

/** Reads versions of secrets. Callers pin the version that they read. May be called at once by many. */
export abstract class SecretStore {
  /**
   * The number of the newest version that can be read.
   * @throws SecretStoreUnavailable, SecretNotFound
   */
  abstract currentVersion(ref: SecretRef): Promise<number>;

  /**
   * Exactly that version.
   * @throws SecretStoreUnavailable, SecretNotFound
   */
  abstract read(ref: SecretRef, version: number): Promise<SecretVersion>;
}
