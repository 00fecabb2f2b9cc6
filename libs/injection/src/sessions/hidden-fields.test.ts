import fc from 'fast-check';
import { codePoint } from '#testing';
import { hiddenFields } from './hidden-fields.js';
import { SessionNotOpened } from './session-opener.js';

describe('the hidden fields of a login page', () => {
  it('are those of the form that has the field of the password', () => {
    const html = `<form><input type=hidden name=a value=1></form>
      <form><div><input TYPE="Hidden" NAME=b value="&quot;2&#x26;"></div><input name=pass>
      <input type=hidden value=unnamed><input type=text name=c value=3></form>`;
    expect(hiddenFields(html, 'pass')).toEqual([['b', '"2&']]);
  });

  it('are those of the first form when none has the field', () => {
    const html = '<form><input type=hidden name=a></form><form><input type=hidden name=b></form>';
    expect(hiddenFields(html, 'pass')).toEqual([['a', '']]);
    expect(hiddenFields('<p>no form</p>', 'pass')).toEqual([]);
  });

  it('are not those of comments, scripts and templates', () => {
    const field = '<input type=hidden name=x value=1>';
    const html = `<form><!-- ${field} --><script>"${field}"</script><template>${field}</template><input name=pass></form>`;
    expect(hiddenFields(html, 'pass')).toEqual([]);
  });

  it('are limited in number and size', () => {
    const field = (size: number): string =>
      `<input type=hidden name=x value="${'v'.repeat(size)}">`;
    expect(hiddenFields(`<form>${field(1).repeat(60)}</form>`, 'pass')).toHaveLength(50);
    expect(hiddenFields(`<form>${field(8192)}</form>`, 'pass')).toEqual([]);
  });

  it('are not looked for in a page that a parser makes millions of elements of', () => {
    const open = Array.from({ length: 5_000 }, (_, index) => `<b a=${index}>`).join('');
    const page = `<form><p>${open}</p>${'<p>x</p>'.repeat(20_000)}`;
    expect(page.length).toBeLessThan(256 * 1024);
    expect(() => hiddenFields(page, 'pass')).toThrow(SessionNotOpened);
  });

  it('are looked for in a hundred forms, and no more: a page may have thousands, one in the other', () => {
    const field = '<input type=hidden name=x value=1><input name=pass>';
    const forms = (count: number): string => '<form><div></form>'.repeat(count);
    expect(hiddenFields(`${forms(99)}<form>${field}</form>`, 'pass')).toEqual([['x', '1']]);
    const startedMs = performance.now();
    hiddenFields(forms(14_000), 'pass');
    expect(performance.now() - startedMs).toBeLessThan(8_000); // Each through all of its own: 20 s and more.
  });

  it('are found in pages that nest deeply, and in pages that are none', () => {
    const deep = '<div>'.repeat(50_000);
    expect(hiddenFields(`<form>${deep}<input type=hidden name=x value=1>`, 'x')).toEqual([
      ['x', '1'],
    ]);
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (page) => {
        expect(hiddenFields(`<form>${page}`, 'pass').length).toBeLessThanOrEqual(50);
      }),
    );
  });
});
