import { Attribute, BerWriter, Change, type Client, TypeOrValueExistsError } from 'ldapts';
import { type Secret } from '#kernel';
import { type Account, type Login } from './account.js';
import { type LdapDirectory } from './ldap-session.js';
import { type LegacyAccounts } from './legacy-accounts.js';
import { saltedDigest } from './salted-digest.js';
import { type TwoValueAccounts } from './two-value-changer.js';

/** RFC 3062. */
const PASSWORD_MODIFY = '1.3.6.1.4.1.4203.1.11.1';
const USER_IDENTITY = 0x80;
const OLD_PASSWORD = 0x81;
const NEW_PASSWORD = 0x82;

/** Entries with one password, changed by Password Modify: the directory judges and hashes it. */
export class LdapPasswords implements LegacyAccounts {
  constructor(private readonly directory: LdapDirectory) {}

  setOnly({ username, password }: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.directory.as(by, signal, async (client) => {
      const dn = this.directory.dnOf({ username });
      const old = by.privileged ? undefined : by.password;
      await client.exop(PASSWORD_MODIFY, passwordModify(dn, password, old));
    });
  }
}

/**
 * Entries with several values of `userPassword`, each of which opens them (RFC 4519 section 2.41), written as `{SSHA}`
 * digests that are computed here.
 */
export class LdapPasswordValues implements TwoValueAccounts {
  constructor(private readonly directory: LdapDirectory) {}

  setOnly(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.#modify('replace', account, { by, signal });
  }

  add(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.#modify('add', account, { by, signal });
  }

  #modify(
    operation: 'add' | 'replace',
    { username, password }: Account,
    { by, signal }: { readonly by: Login; readonly signal: AbortSignal },
  ): Promise<void> {
    return this.directory.as(by, signal, async (client) => {
      const dn = this.directory.dnOf({ username });
      const values = [saltedDigest(dn, password)];
      const modification = new Attribute({ type: 'userPassword', values });
      await unlessThere(client.modify(dn, new Change({ operation, modification })));
    });
  }
}

/** The same password gives the same value: it was added before. */
const unlessThere = (added: ReturnType<Client['modify']>): Promise<void> =>
  added.catch((error: unknown) => {
    if (!(error instanceof TypeOrValueExistsError)) throw error;
  });

function passwordModify(dn: string, password: Secret, old: Secret | undefined): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeString(dn, USER_IDENTITY);
  if (old !== undefined) writer.writeString(old.reveal(), OLD_PASSWORD);
  writer.writeString(password.reveal(), NEW_PASSWORD);
  writer.endSequence();
  // ldapts writes its messages as JSON to where NODE_DEBUG asks for them.
  return Object.defineProperty(writer.buffer, 'toJSON', { value: () => '[redacted]' });
}
