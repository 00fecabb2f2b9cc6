import { randomBytes } from 'node:crypto';
import { type Clock } from './clock.js';
import { encodeBase62 } from './base62.js';

/** A public random id: `<prefix>_` and 22 base62 characters of 128 random bits. Safe in events and logs. */
export const randomId = (prefix: string): string =>
  `${prefix}_${encodeBase62(randomBytes(16), 22)}`;

/** UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then 74 random bits. */
export function uuidv7(clock: Clock): string {
  const bytes = randomBytes(16);
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
