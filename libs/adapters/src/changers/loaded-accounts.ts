import { type Account, type Login } from './account.js';
import { type TwoValueAccounts } from './two-value-changer.js';

/**
 * Accounts of a server whose driver is loaded when one of them is to be changed: it is large, most rotators have no such
 * server, and all would be ready later for it.
 */
export class LoadedAccounts implements TwoValueAccounts {
  constructor(private readonly load: () => Promise<TwoValueAccounts>) {}

  async setOnly(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    const accounts = await this.load();
    await accounts.setOnly(account, by, signal);
  }

  async add(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    const accounts = await this.load();
    await accounts.add(account, by, signal);
  }
}
