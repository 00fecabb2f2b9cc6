import { randomBytes } from 'node:crypto';
import { BASE62, BASE62_ALPHABET, type Digest, encodeBase62, randomId, sha256 } from '#kernel';
import { crc32 } from './crc32.js';

const PREFIX = 'pst';
const RANDOM_BYTES = 32;
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
/** Longest text that is looked at: prefix, environment, two separators, random part and checksum. */
const LENGTH_MAX = PREFIX.length + 32 + 2 + RANDOM_LENGTH + CHECKSUM_LENGTH;
const ENVIRONMENT = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** A handle as it is given out: the only place where its plaintext exists. */
export interface MintedHandle {
  readonly plaintext: string;
  readonly digest: Digest;
  readonly id: string;
}

export type ParsedHandle =
  | { readonly kind: 'handle'; readonly environment: string; readonly digest: Digest }
  /** Not a handle of any deployment. The digest is of what was presented, for events. */
  | { readonly kind: 'malformed'; readonly checksumOk: false; readonly digest: Digest };

/**
 * `pst_<environment>_<43 characters base62 of 32 random bytes><6 characters base62 of CRC-32 over all before>`. The
 * prefix is for people and secret scanners, the checksum tells a typing error or a guess from a leak.
 */
export function mintHandle(environment: string): MintedHandle {
  const random = encodeBase62(randomBytes(RANDOM_BYTES), RANDOM_LENGTH);
  const body = `${PREFIX}_${environment}_${random}`;
  const plaintext = body + checksumOf(body);
  return { plaintext, digest: sha256(plaintext), id: randomId('hdl') };
}

/** Of whatever was presented where a handle belongs; what is too long to be one counts by its beginning. */
export const digestOfPresented = (text: string): Digest => sha256(text.slice(0, LENGTH_MAX + 1));

/** Strict: a truncated, extended, padded or case-changed handle is malformed. Costs no look-up. */
export function parseHandle(text: string): ParsedHandle {
  const digest = digestOfPresented(text);
  const malformed = { kind: 'malformed', checksumOk: false, digest } as const;
  if (text.length > LENGTH_MAX) return malformed;
  const [prefix, environment = '', tail = '', ...more] = text.split('_');
  if (prefix !== PREFIX || more.length > 0 || !ENVIRONMENT.test(environment)) return malformed;
  if (tail.length !== RANDOM_LENGTH + CHECKSUM_LENGTH || !BASE62.test(tail)) return malformed;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  if (checksumOf(body) !== text.slice(-CHECKSUM_LENGTH)) return malformed;
  return { kind: 'handle', environment, digest };
}

/** 32 bits in base62: six characters hold 35. In numbers, not big ones: each call pays for it. */
function checksumOf(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    text = BASE62_ALPHABET.charAt(rest % BASE62_ALPHABET.length) + text;
    rest = Math.floor(rest / BASE62_ALPHABET.length);
  }
  return text;
}
