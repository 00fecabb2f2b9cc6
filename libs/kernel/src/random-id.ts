import { randomFillSync } from 'node:crypto';
import { BASE62_ALPHABET } from './base62.js';
import { type Clock } from './clock.js';

const POOL_BYTES = 8 * 1024;
const ID_CHARACTERS = 22; // 22 times log2(62) is 130 bits.

// Ids are made several times a call: asking the operating system for each of them is a fifth of its cost. Ids are
// public; secrets and handles never come from this pool.
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

function nextByte(): number {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte;
}

/** A public random id: `<prefix>_` and 22 base62 characters of 130 random bits. Safe in events and logs. */
export function randomId(prefix: string): string {
  let id = `${prefix}_`;
  for (let characters = 0; characters < ID_CHARACTERS;) {
    const six = nextByte() & 0x3f;
    if (six >= BASE62_ALPHABET.length) continue; // 62 and 63 are drawn again: no character is likelier.
    id += BASE62_ALPHABET[six] ?? '';
    characters += 1;
  }
  return id;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hexByte = (byte: number): string => HEX[byte] ?? '';
const random = (bytes: number): string => {
  let hex = '';
  for (let index = 0; index < bytes; index += 1) hex += hexByte(nextByte());
  return hex;
};

/** UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits. */
export function uuidv7(clock: Clock): string {
  const time = clock.now().getTime().toString(16).padStart(12, '0');
  const version = hexByte((nextByte() & 0x0f) | 0x70) + hexByte(nextByte());
  const variant = hexByte((nextByte() & 0x3f) | 0x80) + hexByte(nextByte());
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${random(6)}`;
}
