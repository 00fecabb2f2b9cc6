import fc from 'fast-check';
import { shown, shownJson, shownShort } from './shown.js';

describe('what others wrote', () => {
  it('is printable ASCII, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(shown(text)).toMatch(/^[ -~]*$/);
        expect(shownShort(text, 3)).toMatch(/^[ -~]*$/);
      }),
    );
  });

  it.each([
    ['an escape', '\u001b[2J', '\\u001b[2J'],
    ['the one character that begins one, on old terminals', '\u009b2J', '\\u009b2J'],
    ['a line end', 'a\r\nb', 'a\\u000d\\u000ab'],
    ['a mark that turns the direction', '\u202eevil', '\\u202eevil'],
    ['a deletion', 'ab\u007f', 'ab\\u007f'],
  ])('shows %s', (_, text, told) => {
    expect(shown(text)).toBe(told);
  });

  it('is cut where it may be as long as it likes', () => {
    expect(shownShort('a'.repeat(201))).toBe(`${'a'.repeat(200)}...`);
    expect(shownShort('a'.repeat(200))).toBe('a'.repeat(200));
  });

  it('is still the same value as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const line = shownJson(value);
        expect(line).toMatch(/^[ -~]*$/);
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is null as JSON where there is nothing', () => {
    expect(shownJson(undefined)).toBe('null');
  });
});
