import { PosternError, type Secret } from '#kernel';
import { type SecretFields } from './rotated-secrets.js';

/** The legacy system was not reached, or did not answer in time: it may have changed the value or not. */
export class TargetUnreachable extends PosternError {
  override readonly code = 'target-unreachable';
}

/** The legacy system answered, and did not change the value. `errorClass` is safe for events: a code, never its text. */
export class ChangeRefused extends PosternError {
  override readonly code = 'change-refused';

  constructor(
    readonly errorClass: string,
    message: string,
  ) {
    super(message);
  }
}

export interface ValueChange {
  readonly current: SecretFields;
  readonly next: SecretFields;
}

/**
 * Changes one credential at its legacy system. Every method may be called again after a crash with the same values, and
 * then has the same effect once. Each ends within CHANGE_MS_MAX. No message holds a value.
 * All but `next` throw TargetUnreachable and ChangeRefused.
 */
export abstract class CredentialChanger {
  /** Whether `apply` logs in as the account that is rotated: a refusal of it is counted as a failing login then. */
  readonly logsInAsAccount: boolean = true;

  /** The value that follows `current`, with this password: the same account, or the alternate one. Pure. */
  abstract next(current: SecretFields, password: Secret): SecretFields;

  /** Makes `next` valid. With two slots `current` stays valid. */
  abstract apply(change: ValueChange): Promise<void>;

  /** After this `old` is not valid any more, and `current` is. With one slot there is nothing to do. */
  abstract retire(change: {
    readonly old: SecretFields;
    readonly current: SecretFields;
  }): Promise<void>;

  /**
   * Makes `next` valid by the reconcile credential, whatever is valid now. Undefined where none is configured.
   */
  abstract readonly reconcile: ((change: ValueChange) => Promise<void>) | undefined;
}

export const CHANGE_MS_MAX = 10_000;
