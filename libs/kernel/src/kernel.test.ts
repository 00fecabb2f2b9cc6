import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  BASE62,
  type Clock,
  encodeBase62,
  parseUrl,
  randomId,
  sameDigest,
  Secret,
  sha256,
  sha256OfParts,
  SystemClock,
  uuidv7,
} from '#kernel';

describe('a Secret', () => {
  const secret = Secret.of('hunter2-hunter2');

  it('reveals its plaintext only when asked', () => {
    expect(secret.reveal()).toBe('hunter2-hunter2');
  });

  it.each([
    ['a template string', String(secret)],
    ['JSON', JSON.stringify({ secret })],
    ['util.inspect', inspect({ deep: { secret } }, { depth: null, showHidden: true })],
    ['its own keys', JSON.stringify(Object.entries(secret))],
  ])('stays hidden in %s', (_where, text) => {
    expect(text).not.toContain('hunter2');
  });

  it('matches another with the same bytes, and none with more, fewer or others', () => {
    const others = ['hunter2-hunter2', 'hunter2-hunter3', 'hunter2', 'hunter2-hunter2 ', ''];
    expect(others.map((other) => secret.matches(Secret.of(other)))).toEqual([
      ...[true, false, false, false, false],
    ]);
  });
});

describe('base62', () => {
  it('keeps order and length for any 32 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const text = encodeBase62(bytes, 43);
        expect(text).toHaveLength(43);
        expect(text).toMatch(BASE62);
      }),
    );
  });

  it('gives different text for different bytes', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        expect(encodeBase62(one, 22) === encodeBase62(other, 22)).toBe(
          Buffer.from(one).equals(Buffer.from(other)),
        );
      }),
    );
  });

  it('refuses bytes that do not fit', () => {
    expect(() => encodeBase62(Buffer.alloc(32, 0xff), 42)).toThrow(RangeError);
  });
});

describe('ids', () => {
  const clock: Clock = { now: () => new Date(1_700_000_000_000) };

  it('makes version 7 UUIDs that carry the clock', () => {
    const id = uuidv7(clock);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000);
  });

  it('draws every base62 character, and nothing else, for ids', () => {
    const drawn = Array.from({ length: 2000 }, () => randomId('x').slice(2)).join('');
    expect(drawn).toMatch(BASE62);
    expect(new Set(drawn).size).toBe(62);
    expect(drawn).toHaveLength(44_000);
  });

  it('never repeats', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => randomId('hdl') + uuidv7(clock)));
    expect(ids.size).toBe(1000);
  });
});

describe('digests', () => {
  it('are SHA-256 in hexadecimal', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('compare by value', () => {
    expect(sameDigest(sha256('a'), sha256('a'))).toBe(true);
    expect(sameDigest(sha256('a'), sha256('b'))).toBe(false);
  });

  it('of parts cannot be confused by moving a boundary', () => {
    expect(sha256OfParts(['ab', 'c'])).not.toBe(sha256OfParts(['a', 'bc']));
  });
});

describe('URLs', () => {
  it('with a host name outside of ASCII are read however often others were read before', () => {
    for (let round = 0; round < 20_000; round += 1) parseUrl(`https://host-${round}.example/`);
    expect(parseUrl('https://b\u00fccher.example/')?.hostname).toBe('xn--bcher-kva.example');
    expect(parseUrl('no url')).toBeUndefined();
  });
});

it('the system clock moves', () => {
  expect(new SystemClock().now().getTime()).toBeGreaterThan(1_700_000_000_000);
});
