import { Secret } from '#kernel';
import { ChangeRefused, CredentialChanger, type SecretFields, type ValueChange } from '#rotation';
import { type Account } from './account.js';
import { type ChangeLogins } from './change-logins.js';
import { type LegacyAccounts } from './legacy-accounts.js';
import { withinLimit } from './within-limit.js';

export type AlternatingAccounts = LegacyAccounts & Required<Pick<LegacyAccounts, 'shut'>>;

/** Names of the fields, and of the two accounts. */
export interface Alternation {
  readonly fields: { readonly username: string; readonly password: string };
  readonly alternate: readonly [string, string];
}

/**
 * Two accounts with one password each: the next value is always of the one that is not in use, and the one that was is
 * shut when it is retired. A privileged account makes the changes. No other account than these two is ever touched.
 */
export class AlternatingChanger extends CredentialChanger {
  override readonly reconcile: CredentialChanger['reconcile'];
  override readonly logsInAsAccount = false;

  constructor(
    private readonly accounts: AlternatingAccounts,
    private readonly logins: ChangeLogins,
    private readonly alternation: Alternation,
  ) {
    super();
    const reconciling = logins.reconciling;
    this.reconcile =
      reconciling &&
      ((change) =>
        withinLimit(async (signal) => {
          const { next } = this.#alternates(change);
          await accounts.setOnly(next, await reconciling(), signal);
        }));
  }

  override next(current: SecretFields, password: Secret): SecretFields {
    const { fields, alternate } = this.alternation;
    const [first, second] = alternate;
    const username = current.get(fields.username)?.reveal() === first ? second : first;
    return new Map(current)
      .set(fields.username, Secret.of(username))
      .set(fields.password, password);
  }

  override apply(change: ValueChange): Promise<void> {
    return withinLimit(async (signal) => {
      const { current, next } = this.#alternates(change);
      await this.accounts.setOnly(next, await this.logins.changing(current), signal);
    });
  }

  override retire(change: {
    readonly old: SecretFields;
    readonly current: SecretFields;
  }): Promise<void> {
    return withinLimit(async (signal) => {
      const { current: old, next: current } = this.#alternates({
        current: change.old,
        next: change.current,
      });
      await this.accounts.shut(old.username, await this.logins.changing(current), signal);
    });
  }

  /** An account that is not registered for it could be anybody's, and the one in use must not be changed. */
  #alternates(change: ValueChange): { readonly current: Account; readonly next: Account } {
    const current = this.logins.account(change.current);
    const next = this.logins.account(change.next);
    const names = new Set([current.username, next.username]);
    if (names.size !== 2 || !this.alternation.alternate.every((name) => names.has(name))) {
      throw new ChangeRefused(
        'no_alternate',
        'the two values are not of the two accounts of rotation.change.alternate, one of each',
      );
    }
    return { current, next };
  }
}
