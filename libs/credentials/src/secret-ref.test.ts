import fc from 'fast-check';
import { codePoint } from '#testing';
import { REF_PART_CHARACTERS_MAX, refSegments, SecretRefInvalid } from '#credentials';

describe('a secret ref', () => {
  it('is split into the segments of mount and path', () => {
    expect(refSegments({ mount: 'team/secret', path: 'legacy/ledger' })).toEqual({
      mount: ['team', 'secret'],
      path: ['legacy', 'ledger'],
    });
  });

  it.each([
    ['an empty path', ''],
    ['a leading slash', '/a'],
    ['a trailing slash', 'a/'],
    ['an empty segment', 'a//b'],
    ['a dot segment', 'a/./b'],
    ['a double-dot segment', '../sys/mounts'],
    ['a NUL', 'a\u0000b'],
    ['a line end', 'a\r\nX-Vault-Token: b'],
    ['half a surrogate pair', 'a\ud800b'],
    ['more than the limit', 'a'.repeat(REF_PART_CHARACTERS_MAX + 1)],
  ])('with %s is refused, in the mount and in the path', (_what, text) => {
    expect(() => refSegments({ mount: 'secret', path: text })).toThrow(SecretRefInvalid);
    expect(() => refSegments({ mount: text, path: 'legacy' })).toThrow(SecretRefInvalid);
  });

  it('of the greatest length is accepted', () => {
    const part = 'a'.repeat(REF_PART_CHARACTERS_MAX);
    expect(refSegments({ mount: part, path: part }).path).toEqual([part]);
  });

  it('that is accepted survives a URL unchanged, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint, minLength: 1, maxLength: 30 }), (path) => {
        fc.pre(!refused(path));
        const segments = refSegments({ mount: 'secret', path }).path;
        const url = new URL(`http://vault/v1/${segments.map(encodeURIComponent).join('/')}`);
        expect(decodeURIComponent(url.pathname)).toBe(`/v1/${path}`);
      }),
    );
  });
});

const refused = (path: string): boolean =>
  /[\p{Cc}\p{Cs}]/u.test(path) || path.split('/').some((part) => ['', '.', '..'].includes(part));
