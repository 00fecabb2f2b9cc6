import { type Secret } from '#kernel';
import { CredentialChanger, type SecretFields, type ValueChange } from '#rotation';
import { type ChangeLogins } from './change-logins.js';
import { type LegacyAccounts } from './legacy-accounts.js';
import { withinLimit } from './within-limit.js';

export type TwoValueAccounts = LegacyAccounts & Required<Pick<LegacyAccounts, 'add'>>;

/**
 * One account that has two passwords while it is rotated. Retiring leaves it the current one alone: what an abandoned
 * rotation left behind ends then too.
 */
export class TwoValueChanger extends CredentialChanger {
  override readonly reconcile: CredentialChanger['reconcile'];
  override readonly logsInAsAccount: boolean;

  constructor(
    private readonly accounts: TwoValueAccounts,
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
          await accounts.add(next, await reconciling(), signal);
        }));
  }

  override next(current: SecretFields, password: Secret): SecretFields {
    return new Map(current).set(this.passwordField, password);
  }

  override apply(change: ValueChange): Promise<void> {
    return withinLimit(async (signal) => {
      const [current, next] = this.logins.sameAccount(change.current, change.next);
      await this.accounts.add(next, await this.logins.changing(current), signal);
    });
  }

  override retire(change: {
    readonly old: SecretFields;
    readonly current: SecretFields;
  }): Promise<void> {
    return withinLimit(async (signal) => {
      const [, current] = this.logins.sameAccount(change.old, change.current);
      await this.accounts.setOnly(current, await this.logins.changing(current), signal);
    });
  }
}
