import { crc32 } from './crc32.js';

// The check value of the CRC catalogue (CRC-32/ISO-HDLC), and values that zlib and PNG files agree on.
it.each([
  ['', 0x00000000],
  ['123456789', 0xcbf43926],
  ['a', 0xe8b7be43],
  ['IEND', 0xae426082],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ['\0\0\0\0', 0x2144df1c],
  ['grüße', 0x346e49ed],
])('gives the published value of %j', (text, expected) => {
  expect(crc32(text)).toBe(expected);
});
