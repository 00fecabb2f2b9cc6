/** In the order of their values. */
export const BASE62_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RADIX = 62n;

/**
 * Big-endian bytes as base62, left-padded with `0` to `length` characters.
 * @throws RangeError when the bytes do not fit.
 */
export function encodeBase62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
  const digits: string[] = [];
  while (rest > 0n) {
    digits.push(BASE62_ALPHABET.charAt(Number(rest % RADIX)));
    rest /= RADIX;
  }
  if (digits.length > length) {
    throw new RangeError(`${bytes.length} bytes do not fit ${length} base62 characters`);
  }
  return digits.reverse().join('').padStart(length, '0');
}

/** Matches text that is base62 throughout. */
export const BASE62 = /^[0-9A-Za-z]+$/;
