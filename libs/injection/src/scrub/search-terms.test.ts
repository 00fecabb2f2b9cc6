import fc from 'fast-check';
import { CredentialUnusable } from '../injectors/credential-unusable.js';
import { searchTerms } from './search-terms.js';
import { TermMatcher } from './term-matcher.js';

const PASSWORD = `Tr/ck"y p+ss'<w>&rd=7`;
const matcher = new TermMatcher(searchTerms([PASSWORD]));
const finds = (text: string | Buffer): boolean =>
  matcher.occurrences(Buffer.from(text as string)).length > 0;

describe('what the scrubber looks for', () => {
  it.each([
    ['as it is', PASSWORD],
    ['in base64', Buffer.from(PASSWORD).toString('base64')],
    ['in base64url', Buffer.from(PASSWORD).toString('base64url')],
    ['in hexadecimal', Buffer.from(PASSWORD).toString('hex')],
    ['in upper-case hexadecimal', Buffer.from(PASSWORD).toString('hex').toUpperCase()],
    ['percent-encoded', encodeURIComponent(PASSWORD)],
    [
      'percent-encoded in lower case',
      encodeURIComponent(PASSWORD).replace(/%../g, (escape) => escape.toLowerCase()),
    ],
    ['in a form', new URLSearchParams({ p: PASSWORD }).toString()],
    [
      'percent-encoded byte by byte',
      [...Buffer.from(PASSWORD)].map((byte) => `%${byte.toString(16)}`).join(''),
    ],
    ['in JSON', JSON.stringify({ p: PASSWORD })],
    ['in JSON with escaped slashes', JSON.stringify({ p: PASSWORD }).replaceAll('/', '\\/')],
    [
      'in XML',
      PASSWORD.replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;')
        .replaceAll("'", '&apos;'),
    ],
    ['in UTF-16', Buffer.from(PASSWORD, 'utf16le')],
    [
      'in base64 inside of JSON',
      `{"a":"${Buffer.from(PASSWORD).toString('base64').replaceAll('/', '\\/')}"}`,
    ],
    ['in base64 inside of a URL', encodeURIComponent(Buffer.from(PASSWORD).toString('base64'))],
  ])('finds the secret %s', (_, text) => {
    expect(finds(text)).toBe(true);
  });

  it.each([
    ['in a form as browsers and Java write it', "a+b*c~d'e(f)", 'a%2Bb*c%7Ed%27e%28f%29'],
    ['in a form as PHP writes it', "a+b*c~d'e(f)", 'a%2Bb%2Ac%7Ed%27e%28f%29'],
    ['in a form as Go writes it', 'a+b*c~d e(f)', 'a%2Bb%2Ac~d+e%28f%29'],
    ['in a path as Python writes it', 'a+b/c~d e(f)', 'a%2Bb/c~d%20e%28f%29'],
  ])('finds a secret %s', (_, secret, text) => {
    const one = new TermMatcher(searchTerms([secret]));
    expect(one.occurrences(Buffer.from(text))).toEqual([0, text.length]);
    const lower = text.replace(/%../g, (escape) => escape.toLowerCase());
    expect(one.occurrences(Buffer.from(lower))).toEqual([0, text.length]);
  });

  it('finds the secret in base64 wherever it stands in the encoded text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (a, b) => {
        const whole = Buffer.concat([a, Buffer.from(PASSWORD), b]);
        expect(finds(whole.toString('base64'))).toBe(true);
        expect(finds(whole.toString('base64url'))).toBe(true);
      }),
    );
  });

  it('finds nothing in a text without the secret', () => {
    expect(finds('{"account":"42","balance":"1024.00"}')).toBe(false);
  });

  it('refuses a secret of seven bytes and takes one of eight', () => {
    expect(() => searchTerms(['1234567'])).toThrow(CredentialUnusable);
    expect(() => searchTerms(['12345678'])).not.toThrow();
  });
});
