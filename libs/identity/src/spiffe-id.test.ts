import fc from 'fast-check';
import { isTrustDomain, parseSpiffeId } from './spiffe-id.js';

const numRuns = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;

/**
 * The grammar of the SPIFFE-ID specification, section 2, as one expression. Written apart from the parser; that no
 * segment is a dot or two is said by looking ahead.
 */
const GRAMMAR =
  /^spiffe:\/\/(?<trustDomain>[a-z0-9._-]{1,255})(?<path>(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*)$/;
const isGrammatical = (text: string): boolean =>
  Buffer.byteLength(text) <= 2048 && GRAMMAR.test(text) && !text.includes('\n');

/** Every character of one byte, but those that the set has. */
const others = (permitted: RegExp): readonly string[] =>
  Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => !permitted.test(character),
  );

describe('a SPIFFE ID', () => {
  it.each([
    ['spiffe://prod.example', 'prod.example', ''],
    ['spiffe://prod.example/ns/payments/sa/settler', 'prod.example', '/ns/payments/sa/settler'],
    ['spiffe://a', 'a', ''],
    ['spiffe://1.2.3.4/a', '1.2.3.4', '/a'],
    ['spiffe://a_b-c.d/x', 'a_b-c.d', '/x'],
    ['spiffe://..', '..', ''],
    ['spiffe://td/...', 'td', '/...'],
    ['spiffe://td/.x/..x/x./x..', 'td', '/.x/..x/x./x..'],
    ['spiffe://td/UPPER/Case', 'td', '/UPPER/Case'],
    ['spiffe://td/a-b_c.d', 'td', '/a-b_c.d'],
  ])('S-13: %s is one', (text, trustDomain, path) => {
    expect(parseSpiffeId(text)).toEqual({ trustDomain, path });
  });

  it.each([
    ['nothing', ''],
    ['no scheme', 'prod.example/a'],
    ['another scheme', 'https://prod.example/a'],
    ['a scheme in capitals', 'SPIFFE://prod.example/a'],
    ['a scheme without slashes', 'spiffe:prod.example/a'],
    ['one slash too few', 'spiffe:/prod.example/a'],
    ['one slash too many', 'spiffe:///prod.example/a'],
    ['no trust domain', 'spiffe://'],
    ['no trust domain and a path', 'spiffe:///a'],
    ['a trust domain in capitals', 'spiffe://Prod.example/a'],
    ['a port', 'spiffe://prod.example:443/a'],
    ['userinfo', 'spiffe://user@prod.example/a'],
    ['userinfo with a password', 'spiffe://user:secret@prod.example/a'],
    ['a trust domain that is escaped', 'spiffe://prod%2eexample/a'],
    ['a trust domain in brackets', 'spiffe://[::1]/a'],
    ['a trust domain beyond ASCII', 'spiffe://prod.exämple/a'],
    ['a query', 'spiffe://prod.example/a?b'],
    ['an empty query', 'spiffe://prod.example/a?'],
    ['a query without a path', 'spiffe://prod.example?b'],
    ['a fragment', 'spiffe://prod.example/a#b'],
    ['a slash at the end', 'spiffe://prod.example/a/'],
    ['a path that is a slash', 'spiffe://prod.example/'],
    ['an empty segment', 'spiffe://prod.example/a//b'],
    ['a segment of one dot', 'spiffe://prod.example/a/./b'],
    ['a segment of two dots', 'spiffe://prod.example/a/../b'],
    ['one dot at the end', 'spiffe://prod.example/.'],
    ['two dots at the end', 'spiffe://prod.example/a/..'],
    ['an escape', 'spiffe://prod.example/a%2fb'],
    ['a colon in its path', 'spiffe://prod.example/a:b'],
    ['a backslash', 'spiffe://prod.example\\a'],
    ['a space before it', ' spiffe://prod.example/a'],
    ['a line after it', 'spiffe://prod.example/a\n'],
    ['a zero byte', 'spiffe://prod.example/a\0'],
    ['a path beyond ASCII', 'spiffe://prod.example/ä'],
    ['a letter that looks like another', 'spiffe://prod.example/а'],
  ])('S-13: text with %s is none', (_what, text) => {
    expect(parseSpiffeId(text)).toBeUndefined();
  });

  it('S-13: no other character stands in a trust domain', () => {
    for (const character of others(/[a-z0-9._/-]/)) {
      for (const text of [`spiffe://a${character}b`, `spiffe://${character}/p`]) {
        expect([text, parseSpiffeId(text)]).toEqual([text, undefined]);
      }
    }
  });

  it('S-13: no other character stands in a path', () => {
    for (const character of others(/[A-Za-z0-9._/-]/)) {
      for (const text of [`spiffe://td/a${character}b`, `spiffe://td/a${character}`]) {
        expect([text, parseSpiffeId(text)]).toEqual([text, undefined]);
      }
    }
  });

  it('S-13: has at most 2048 bytes', () => {
    const longest = `spiffe://td/${'a'.repeat(2048 - 'spiffe://td/'.length)}`;
    expect(parseSpiffeId(longest)).toBeDefined();
    expect(parseSpiffeId(`${longest}a`)).toBeUndefined();
  });

  it('S-13: has a trust domain of at most 255 bytes', () => {
    expect(parseSpiffeId(`spiffe://${'a'.repeat(255)}/x`)).toBeDefined();
    expect(parseSpiffeId(`spiffe://${'a'.repeat(256)}/x`)).toBeUndefined();
  });

  it.each([
    ['prod.example', true],
    ['spiffe://prod.example', false],
    ['prod.example/a', false],
    ['Prod.example', false],
    ['', false],
  ])('has a trust domain whose name %j is: %s', (text, expected) => {
    expect(isTrustDomain(text)).toBe(expected);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      'spiffe://',
      'spiffe:',
      '/',
      '.',
      '..',
      '...',
      'td',
      'A',
      '%',
      '@',
      ':',
      '?',
      '#',
    ),
    fc.string({ maxLength: 3 }),
    fc.string({ unit: 'grapheme', maxLength: 2 }),
  );
  const nearlyOne = fc
    .tuple(
      fc.constantFrom('spiffe://', 'spiffe://', 'spiffe://', 'Spiffe://', ''),
      fc.array(piece, { maxLength: 8 }),
    )
    .map(([scheme, pieces]) => scheme + pieces.join(''));

  it('S-13: is read exactly where the grammar has it, for all text that is nearly one', () => {
    fc.assert(
      fc.property(nearlyOne, (text) => {
        const parsed = parseSpiffeId(text);
        expect(parsed !== undefined).toBe(isGrammatical(text));
      }),
      { numRuns },
    );
  });

  const trustDomain = fc.stringMatching(/^[a-z0-9._-]{1,30}$/);
  const segment = fc
    .stringMatching(/^[A-Za-z0-9._-]{1,12}$/)
    .filter((text) => text !== '.' && text !== '..');

  it('S-13: is what it was put together from, for all of them', () => {
    fc.assert(
      fc.property(trustDomain, fc.array(segment, { maxLength: 12 }), (domain, segments) => {
        const path = segments.map((one) => `/${one}`).join('');
        expect(parseSpiffeId(`spiffe://${domain}${path}`)).toEqual({ trustDomain: domain, path });
      }),
      { numRuns },
    );
  });
});
