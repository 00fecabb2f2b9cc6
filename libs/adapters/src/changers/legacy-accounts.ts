import { type Account, type Login } from './account.js';

/**
 * The accounts of one legacy server. Every call is one login as `by`, one change and its end, is given up when the signal
 * is aborted, and may be repeated. All throw TargetUnreachable and ChangeRefused; no account is ever made.
 */
export interface LegacyAccounts {
  /** Makes the password of the account the only one that it has. */
  setOnly(account: Account, by: Login, signal: AbortSignal): Promise<void>;
  /** Makes the password of the account valid beside those that it has. Undefined: an account has one. */
  readonly add?: (account: Account, by: Login, signal: AbortSignal) => Promise<void>;
  /** No password opens the account any more. Undefined: for servers whose accounts have two passwords. */
  readonly shut?: (username: string, by: Login, signal: AbortSignal) => Promise<void>;
}
