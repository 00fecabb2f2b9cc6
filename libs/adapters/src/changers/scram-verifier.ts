import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Secret } from '#kernel';
import { ChangeRefused } from '#rotation';

const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** What PostgreSQL uses unless `scram_iterations` says otherwise. */
export const ITERATIONS_DEFAULT = 4096;
/** Clients refuse to compute much more than this at each login. */
export const ITERATIONS_MAX = 100_000;

/** What SASLprep (RFC 4013) turns into a space, or into nothing. */
const MAPPED =
  // eslint-disable-next-line no-misleading-character-class -- each is mapped by itself
  /[\u00A0\u00AD\u034F\u1680\u1806\u180B-\u180D\u2000-\u200D\u202F\u205F\u2060\u3000\uFE00-\uFE0F\uFEFF]/u;

/**
 * What PostgreSQL stores of a password (the form of RFC 5803), with a salt of its own each time: whoever reads it in a log
 * of statements has to guess the password.
 * @throws ChangeRefused for a text that clients would normalise, not all of them in the same way
 */
export async function scramVerifier(password: Secret, iterations: number): Promise<string> {
  const text = password.reveal();
  if (MAPPED.test(text) || text.normalize('NFKC') !== text) {
    throw new ChangeRefused(
      'password_not_normalised',
      'the password holds characters that clients change before they compute with them (RFC 4013): choose others',
    );
  }
  const salt = randomBytes(SALT_BYTES);
  const salted = await promisify(pbkdf2)(text, salt, iterations, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

const hmac = (secret: Buffer, text: string): Buffer =>
  createHmac('sha256', secret).update(text).digest();
