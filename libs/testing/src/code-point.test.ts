import fc from 'fast-check';
import { codePoint } from './code-point.js';

const CODE_POINTS_OF_FAST_CHECK = { unit: 'binary', maxLength: 40 } as const;
const SEEDED = { seed: 7, numRuns: 500 };

describe('a code point', () => {
  it('is drawn as fast-check draws it, special words of JavaScript with it', () => {
    const texts = fc.sample(fc.string({ unit: codePoint, maxLength: 40 }), SEEDED);
    expect(texts).toEqual(fc.sample(fc.string(CODE_POINTS_OF_FAST_CHECK), SEEDED));
    expect(texts.some((text) => /valueOf|toString|proto|caller|key|ref/.test(text))).toBe(true);
  });

  it('comes from both sides of the surrogates, and is none', () => {
    const points = fc.sample(codePoint, 2_000).map((text) => text.codePointAt(0) ?? -1);
    expect(points.some((point) => point < 0xd800)).toBe(true);
    expect(points.some((point) => point > 0xdfff)).toBe(true);
    expect(points.filter((point) => point >= 0xd800 && point <= 0xdfff)).toEqual([]);
  });

  it.each(['', 'ab', '\ud800', '\udfff', 7])('%j is none', (value) => {
    expect(codePoint.canShrinkWithoutContext(value)).toBe(false);
  });

  it.each(['\0', '\ud7ff', '\ue000', '\u{10ffff}'])('%j is one', (value) => {
    expect(codePoint.canShrinkWithoutContext(value)).toBe(true);
  });
});
