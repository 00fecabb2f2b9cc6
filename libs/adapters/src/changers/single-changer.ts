import { type Secret } from '#kernel';
import { CredentialChanger, type SecretFields, type ValueChange } from '#rotation';
import { type ChangeLogins } from './change-logins.js';
import { type LegacyAccounts } from './legacy-accounts.js';
import { withinLimit } from './within-limit.js';

/**
 * One account that has one password at a time. Without a privileged account it changes itself, and logs in once for it,
 * with `current`: applied a second time it is refused, because the first time worked. It does not try `next` then: whoever
 * calls probes both, and counts failing logins.
 */
export class SingleChanger extends CredentialChanger {
  override readonly reconcile: CredentialChanger['reconcile'];
  override readonly logsInAsAccount: boolean;

  constructor(
    private readonly accounts: LegacyAccounts,
    private readonly logins: ChangeLogins,
    private readonly passwordField: string,
  ) {
    super();
    this.logsInAsAccount = logins.areItself;
    const reconciling = logins.reconciling;
    this.reconcile =
      reconciling &&
      ((change) =>
        withinLimit(async (signal) => {
          const [, next] = logins.sameAccount(change.current, change.next);
          await accounts.setOnly(next, await reconciling(), signal);
        }));
  }

  override next(current: SecretFields, password: Secret): SecretFields {
    return new Map(current).set(this.passwordField, password);
  }

  override apply(change: ValueChange): Promise<void> {
    return withinLimit(async (signal) => {
      const [current, next] = this.logins.sameAccount(change.current, change.next);
      await this.accounts.setOnly(next, await this.logins.changing(current), signal);
    });
  }

  /** The old password ended when the new one began. */
  override async retire(): Promise<void> {
    await Promise.resolve();
  }
}
