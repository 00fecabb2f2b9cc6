import { type Arbitrary } from 'fast-check';
import fc from 'fast-check';
import { Secret } from '#kernel';
import { type CredentialChanger, type SecretFields } from '#rotation';

/** How a changer under test differs from the one that works. */
export interface ChangerVariant {
  /** Where the legacy system is looked for, in place of its own port. */
  readonly port?: number;
  /** With a privileged or reconcile account whose password is wrong. */
  readonly wrongLogin?: boolean;
}

/** A credential at the legacy system, made for one test. */
export interface ChangedCredential {
  readonly current: SecretFields;
  changer(variant?: ChangerVariant): CredentialChanger;
  /** Whether it opens the account now: one login at the legacy system. */
  isValid(fields: SecretFields): Promise<boolean>;
}

/** A legacy system under test, with what an administrator does to it behind Postern's back. */
export interface CredentialChangerUnderTest {
  readonly slots: 'single' | 'dual';
  /** What applying a change a second time comes to: the same, or a refusal of this class. */
  readonly again: 'same' | RegExp;
  /** Class of the refusal when whoever makes the change cannot log in. */
  readonly wrongLogin: RegExp;
  /** Class of the refusal when there is no such account. */
  readonly missing: RegExp;
  /** User names that the system takes, the worse the better. */
  readonly usernames: Arbitrary<string>;
  readonly passwords: Arbitrary<string>;
  /** What the logs surely hold of a change: a log that is empty proves nothing. */
  readonly logged: RegExp;
  /** With two accounts: the first of them has this name, and is the current one. */
  credential(account?: { username?: string; password?: string }): Promise<ChangedCredential>;
  /** Undefined: it is not configured. Sets the password of the current account to another one. */
  readonly drift: ((credential: ChangedCredential) => Promise<void>) | undefined;
  /** Everything that the system writes for people to read. */
  logs(): Promise<string>;
  close(): Promise<void>;
}

/** Fields of a secret of the usual names. */
export const accountFields = (username: string, password: string): SecretFields =>
  new Map([
    ['username', Secret.of(username)],
    ['password', Secret.of(password)],
  ]);

/** What ends a quotation somewhere, starts a comment or a statement, or has another length in bytes. */
const HOSTILE = [
  ...["'", '"', '`', '\\', '%', '_', ';', '--', '/*', '#', '$1', '?', '@', '{{next.password}}'],
  ...[
    '(',
    ')',
    '*',
    ',',
    '=',
    '+',
    '<',
    '>',
    '&',
    '|',
    '!',
    '~',
    ':',
    '.',
    '/',
    'é',
    'ß',
    '語',
    '😀',
  ],
];

/** Texts of such pieces, of at most so many bytes, without those that are left out. */
export const hostileText = (
  bytesMax: number,
  without = /(?!)/,
  ...more: readonly string[]
): Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(...HOSTILE, ...more),
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 }),
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((pieces) => pieces.join(''))
    .filter((text) => Buffer.byteLength(text) <= bytesMax && !without.test(text));
