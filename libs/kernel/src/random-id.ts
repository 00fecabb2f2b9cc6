import { randomFillSync } from 'node:crypto';
import { type Clock } from './clock.js';

const POOL_BYTES = 8 * 1024;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
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
  const byte = pool.readUInt8(used);
  used += 1;
  return byte;
}

/** A public random id: `<prefix>_` and 22 base62 characters of 130 random bits. Safe in events and logs. */
export function randomId(prefix: string): string {
  let id = `${prefix}_`;
  const length = id.length + ID_CHARACTERS;
  while (id.length < length) {
    const six = nextByte() & 0x3f;
    if (six < ALPHABET.length) id += ALPHABET.charAt(six); // 62 and 63 are drawn again: no character is likelier.
  }
  return id;
}

/** UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits. */
export function uuidv7(clock: Clock): string {
  const bytes = Buffer.alloc(16);
  for (let index = 6; index < 16; index += 1) bytes[index] = nextByte();
  bytes.writeUIntBE(clock.now().getTime(), 0, 6);
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x70;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}
