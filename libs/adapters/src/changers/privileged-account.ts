import { refText, SecretStoreUnavailable } from '#credentials';
import { ChangeRefused, type SecretFields, TargetUnreachable } from '#rotation';
import { accountOf, type Login } from './account.js';
import { type AccountRef } from './changer-settings.js';

/** Reads the newest version of a secret of Postern's own. */
export type ReadAccount = (ref: AccountRef['ref']) => Promise<SecretFields>;

const FIELDS = { username: 'username', password: 'password' };

/** The privileged account, as it is in the store now. @throws ChangeRefused, TargetUnreachable */
export async function privilegedLogin({ ref }: AccountRef, read: ReadAccount): Promise<Login> {
  return { ...accountOf(await fieldsAt(ref, read), FIELDS), privileged: true };
}

async function fieldsAt(ref: AccountRef['ref'], read: ReadAccount): Promise<SecretFields> {
  try {
    return await read(ref);
  } catch (error) {
    const where = `the privileged account at ${refText(ref)}`;
    if (error instanceof SecretStoreUnavailable) {
      throw new TargetUnreachable(`${where} cannot be read now: ${error.condition}`);
    }
    throw new ChangeRefused('account_missing', `${where} is not there, or is no usable secret`);
  }
}
