import fc from 'fast-check';
import { hiddenFields } from './hidden-fields.js';

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

  it('are found in pages that nest deeply, and in pages that are none', () => {
    const deep = '<div>'.repeat(50_000);
    expect(hiddenFields(`<form>${deep}<input type=hidden name=x value=1>`, 'x')).toEqual([
      ['x', '1'],
    ]);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (page) => {
        expect(hiddenFields(`<form>${page}`, 'pass').length).toBeLessThanOrEqual(50);
      }),
    );
  });
});
