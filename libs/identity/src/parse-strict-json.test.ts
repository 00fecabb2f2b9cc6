import fc from 'fast-check';
import { JsonRefused, parseStrictJson } from '#identity';

const parse = (text: string, limits = { depthMax: 10, membersMax: 100 }): unknown =>
  parseStrictJson(Buffer.from(text), limits);

/** Could lie beyond 2^53, where the strict reader refuses it. */
const LONG_INTEGER = /(?<![0-9.eE+-])-?[0-9]{16,}(?![0-9.eE])/;

describe('the strict JSON reader', () => {
  it('agrees with JSON.parse on every text that names no member twice', () => {
    const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'grapheme' });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (any, indent) => {
        const text = JSON.stringify(any, undefined, indent);
        fc.pre(!LONG_INTEGER.test(text));
        expect(parse(text, { depthMax: 20, membersMax: 1000 })).toEqual(JSON.parse(text));
      }),
    );
  });

  it('reads a text as JSON.parse does, or refuses it', () => {
    const unit = fc.constantFrom(
      ...Array.from('{}[]:,"\\u0123456789.eE+-truefalsn \n\t\r\u000b\u00a0\ufeff/*'),
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        expect(() => {
          expect(parse(text)).toEqual(JSON.parse(text));
          throw new JsonRefused('both read the same');
        }).toThrow(JsonRefused);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['a member twice', '{"a":1,"a":2}'],
    ['a member twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['a member twice inside', '[{"b":{"a":1,"a":1}}]'],
    ['a byte order mark', '\ufeff{}'],
    ['text after the value', '{} {}'],
    ['nothing', ''],
    ['a comment', '{}//'],
    ['a trailing comma', '[1,]'],
    ['a trailing comma in an object', '{"a":1,}'],
    ['a missing colon', '{"a" 1}'],
    ['a member without quotes', '{a:1}'],
    ['single quotes', "{'a':1}"],
    ['a control character', '"\u0001"'],
    ['a line feed in a string', '"\n"'],
    ['an unknown escape', '"\\x41"'],
    ['an open string', '"a'],
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['a bare point', '.5'],
    ['a hexadecimal number', '0x10'],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['a number beyond a double', '1e400'],
    ['an integer beyond 2^53', '9007199254740993'],
    ['half of a surrogate pair', '"\\ud800"'],
    ['the other half', '"\\udc00\\ud800"'],
    ['a word in capitals', 'True'],
    ['a no-break space', '\u00a0{}'],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(JsonRefused);
  });

  it('accepts a whole surrogate pair', () => {
    expect(parse('"\\ud83d\\ude00"')).toBe('\u{1f600}');
  });

  it.each([
    [[0xff]],
    [[0x22, 0xc3, 0x22]],
    [[0x22, 0xed, 0xa0, 0x80, 0x22]],
    [[0x22, 0xc0, 0x80, 0x22]],
  ])('refuses bytes that are not UTF-8: %j', (bytes) => {
    expect(() => parseStrictJson(Uint8Array.from(bytes), { depthMax: 1, membersMax: 1 })).toThrow(
      JsonRefused,
    );
  });

  it('counts depth and members up to their limits', () => {
    const limits = { depthMax: 2, membersMax: 2 };
    expect(parse('{"a":{"b":1},"c":[]}', limits)).toEqual({ a: { b: 1 }, c: [] });
    expect(() => parse('{"a":{"b":{}}}', limits)).toThrow('too deep');
    expect(() => parse('[[[]]]', limits)).toThrow('too deep');
    expect(() => parse('{"a":1,"b":2,"c":3}', limits)).toThrow('too many');
  });

  it('gives objects without a prototype', () => {
    const value = parse('{"__proto__":{"x":1}}') as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value['x']).toBeUndefined();
  });

  it('does not quote what it refuses', () => {
    expect(() => parse('{"hunter2":1,"hunter2":2}')).toThrow(/^(?!.*hunter2)/);
  });

  it('reads 256 KiB in linear time', () => {
    const text = JSON.stringify({
      keys: Array.from({ length: 90 }, () => ({ x5c: 'a'.repeat(2800) })),
    });
    const started = performance.now();
    parse(text);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(() => parse('['.repeat(200_000))).toThrow(JsonRefused);
  });
});
