import fc from 'fast-check';
import { authChallenges, authParameters } from './auth-challenges.js';

const read = (value: string): unknown =>
  authChallenges(value).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('reading challenges (RFC 9110 section 11.6.1)', () => {
  it.each([
    ['one', 'Digest realm="a", nonce="b"', [['digest', { realm: 'a', nonce: 'b' }]]],
    [
      'several in one value',
      'Basic realm="x, y", Digest REALM=a , nonce = "b",Negotiate, NTLM TlRMTQ==',
      [
        ['basic', { realm: 'x, y' }],
        ['digest', { realm: 'a', nonce: 'b' }],
        ['negotiate', {}],
        ['ntlm', {}],
      ],
    ],
    [
      'empty elements of the list',
      ', ,Digest realm="a",, nonce="b", ',
      [['digest', { realm: 'a', nonce: 'b' }]],
    ],
    [
      'escapes and a scheme inside of quotes',
      'Digest realm="a\\"\\\\, Basic b=c"',
      [['digest', { realm: 'a"\\, Basic b=c' }]],
    ],
    ['an empty text', 'Digest realm=""', [['digest', { realm: '' }]]],
  ])('reads %s', (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  it.each([
    ['a parameter twice', 'Digest realm="a", realm="b"'],
    ['a parameter twice, in another case', 'Digest realm="a", Realm="b"'],
    ['a quote without its end', 'Digest realm="a'],
    ['text behind a quote', 'Digest realm="a"b, nonce="c"'],
    ['no comma between', 'Digest realm="a" nonce="b"'],
    ['a parameter without a scheme', 'realm="a"'],
    ['a control character', 'Digest realm="a\u0001"'],
    ['a name without a value', 'Digest realm="a", nonce='],
    ['no ASCII outside of quotes', 'Digest realm=é'],
  ])('reads nothing of a value with %s', (_, value) => {
    expect(read(value)).toEqual([]);
  });

  it('gives back whatever was quoted', () => {
    const octets = fc
      .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })))
      .map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(octets, octets, (realm, nonce) => {
        const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const value = `Basic realm=${quoted(nonce)}, Digest realm=${quoted(realm)},nonce=${quoted(nonce)}`;
        expect(read(value)).toEqual([
          ['basic', { realm: nonce }],
          ['digest', { realm, nonce }],
        ]);
      }),
      { numRuns: process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300 },
    );
  });

  it('reads parameters that stand alone', () => {
    expect(Object.fromEntries(authParameters('qop=auth, nextnonce="a,b"'))).toEqual({
      qop: 'auth',
      nextnonce: 'a,b',
    });
    expect(authParameters('qop=auth, qop=auth').size).toBe(0);
    expect(authParameters('Digest qop=auth').size).toBe(0);
  });
});
