import { type SecretFields } from '#rotation';
import { type Account, accountOf, type Login, otherAccount } from './account.js';
import { type AccountRef, type ChangedFields } from './changer-settings.js';
import { privilegedLogin, type ReadAccount } from './privileged-account.js';

export interface ChangeLoginsParts {
  readonly fields: ChangedFields;
  readonly by: AccountRef | undefined;
  readonly reconcile: AccountRef | undefined;
  readonly read: ReadAccount;
}

/** Who the accounts of a change are, and who makes it. */
export class ChangeLogins {
  constructor(private readonly parts: ChangeLoginsParts) {}

  /** @throws ChangeRefused */
  account(fields: SecretFields): Account {
    return accountOf(fields, this.parts.fields);
  }

  /** Of two values. One that was handed over could name any account: only the password of this one is changed. @throws ChangeRefused */
  sameAccount(one: SecretFields, other: SecretFields): readonly [Account, Account] {
    const accounts = [this.account(one), this.account(other)] as const;
    if (accounts[0].username !== accounts[1].username) throw otherAccount();
    return accounts;
  }

  /** No privileged account makes the change. */
  get areItself(): boolean {
    return this.parts.by === undefined;
  }

  /** The privileged account, or `itself` where none is configured. @throws ChangeRefused, TargetUnreachable */
  async changing(itself: Account): Promise<Login> {
    const { by, read } = this.parts;
    return by === undefined ? { ...itself, privileged: false } : privilegedLogin(by, read);
  }

  /** Undefined: none is configured. */
  get reconciling(): (() => Promise<Login>) | undefined {
    const { reconcile, read } = this.parts;
    return reconcile === undefined ? undefined : () => privilegedLogin(reconcile, read);
  }
}
