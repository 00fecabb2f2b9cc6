import { isSearchableCharset } from './searchable-charset.js';

describe('a charset of an answer', () => {
  it.each([
    ...['UTF-32', 'utf-32be', 'X-UTF-32LE-BOM', 'utf-7', 'IBM037', 'ibm-500', 'cp1047', 'IBM01140'],
    ...['x-IBM930', 'cp037', 'IBM-Thai', 'ebcdic-us', 'csIBM037', 'SCSU', 'windows-12000'],
  ])('cannot be searched when it does not write ASCII as ASCII: %s', (charset) => {
    expect(isSearchableCharset(`text/plain;charset=${charset}`)).toBe(false);
    expect(isSearchableCharset(`text/plain; Charset = "${charset}"; x=y`)).toBe(false);
    expect(isSearchableCharset(`text/plain; charset=utf-8; charset=${charset}`)).toBe(false);
  });

  it.each([
    ...['utf-8', 'UTF8', 'us-ascii', 'iso-8859-15', 'windows-1252', 'cp1252', 'IBM850', 'cp437'],
    ...[
      'shift_jis',
      'euc-kr',
      'gb18030',
      'Big5',
      'koi8-r',
      'utf-16',
      'UTF-16LE',
      'binary',
      'cp936',
    ],
    ...['windows-1250', 'ibm00858', 'x-unknown', '""'],
  ])('can be searched when it does, and when it is UTF-16: %s', (charset) => {
    expect(isSearchableCharset(`text/plain;charset=${charset}`)).toBe(true);
  });

  it('can be searched where none is named', () => {
    expect(['', 'text/plain', 'application/octet-stream'].every(isSearchableCharset)).toBe(true);
  });
});
