import { type Secret } from '#kernel';
import { ChangeRefused, type SecretFields } from '#rotation';
import { type ChangedFields } from './changer-settings.js';

/** A name, and what proves it. */
export interface Account {
  readonly username: string;
  readonly password: Secret;
}

/** Who makes a change: the account itself, or a privileged one of Postern's own. */
export interface Login extends Account {
  readonly privileged: boolean;
}

/** In UTF-8. No system that is spoken to here takes more of both kinds. */
export const ACCOUNT_BYTES_MAX = 1024;
/** NUL ends a text on the wire of PostgreSQL and MariaDB; half of a surrogate pair has no UTF-8. */
const UNUSABLE = /[\0\p{Cs}]/u;

/** @throws ChangeRefused when a field is missing, empty, too long, or no text that can be sent. */
export function accountOf(fields: SecretFields, names: ChangedFields): Account {
  const username = names.username === undefined ? undefined : fields.get(names.username);
  const password = fields.get(names.password);
  if (username === undefined || password === undefined) {
    throw new ChangeRefused(
      'value_incomplete',
      'the secret lacks the field of its user name or of its password: see rotation.fields',
    );
  }
  const text = username.reveal();
  if (!isUsable(text)) {
    throw new ChangeRefused('username_unusable', unusable('user name'));
  }
  assertUsablePassword(password);
  return { username: text, password };
}

/** @throws ChangeRefused. An empty password would be an anonymous bind to LDAP (RFC 4513 section 5.1.2), which succeeds. */
export function assertUsablePassword(password: Secret): void {
  if (!isUsable(password.reveal())) {
    throw new ChangeRefused('password_unusable', unusable('password'));
  }
}

const isUsable = (text: string): boolean =>
  text !== '' && Buffer.byteLength(text) <= ACCOUNT_BYTES_MAX && !UNUSABLE.test(text);

const unusable = (what: string): string =>
  `the ${what} of the value is empty, longer than ${ACCOUNT_BYTES_MAX} bytes, or holds NUL or half of a surrogate pair`;

export const otherAccount = (): ChangeRefused =>
  new ChangeRefused(
    'other_account',
    'the new value is of another account than the one that is rotated',
  );
