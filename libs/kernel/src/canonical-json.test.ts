import fc from 'fast-check';
import { canonicalJson, NotCanonical } from './canonical-json.js';

const number = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE();

describe('the canonical form of RFC 8785', () => {
  it('is that of section 3.2.2 and 3.2.3', () => {
    const text = `{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(JSON.parse(text))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts members by UTF-16 code units, as the example of section 3.2.3', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const named = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
    expect(named).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of appendix B as %s', (bits, text) => {
    expect(canonicalJson(number(bits))).toBe(text);
  });

  it.each([
    ['no number', Number.NaN],
    ['an endless one', Number.POSITIVE_INFINITY],
    ['nothing', undefined],
    ['half a surrogate pair', '\ud800'],
    ['half a surrogate pair as a name', { '\udead': 1 }],
    ['the second half before the first', '\udc00\ud800'],
    ['a number that is too large for JSON to give back', JSON.parse('[1e400]')],
    ['a function', () => 1],
    ['65 levels', JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`)],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(NotCanonical);
  });

  it('takes 64 levels, and a whole surrogate pair', () => {
    const deep = `${'['.repeat(64)}${']'.repeat(64)}`;
    expect(canonicalJson(JSON.parse(deep))).toBe(deep);
    expect(canonicalJson('\u{1f600}')).toBe('"\u{1f600}"');
  });

  it('keeps texts apart that only look alike', () => {
    expect(canonicalJson('\u00e9')).not.toBe(canonicalJson('e\u0301'));
  });

  it('has a member of any name, also of one that objects have by birth', () => {
    const text = '{"__proto__":{"id":"x"},"constructor":1,"toString":null}';
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });

  it('is the same for two writings of one value, and reads back as that value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = canonicalJson(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(once))).toBe(once);
        expect(JSON.parse(once)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
