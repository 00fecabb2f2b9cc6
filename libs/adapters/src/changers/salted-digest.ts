import { createHash, createHmac } from 'node:crypto';
import { type Secret } from '#kernel';

const SALT_BYTES = 16;

/**
 * A value of `userPassword` by the scheme `{SSHA}`. The salt follows from account and password, so that adding the same
 * password twice is one value; to somebody who guesses it tells no more than the digest does.
 */
export function saltedDigest(dn: string, password: Secret): string {
  const text = password.reveal();
  const salt = createHmac('sha256', text).update(`userPassword of ${dn}`).digest();
  const used = salt.subarray(0, SALT_BYTES);
  const digest = createHash('sha1').update(text).update(used).digest();
  return `{SSHA}${Buffer.concat([digest, used]).toString('base64')}`;
}
