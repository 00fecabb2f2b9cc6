import fc from 'fast-check';
import { isCidr, isConfidentialUrl } from './network-address.js';
import { nearestName } from './nearest-name.js';
import { parseDurationSeconds, parseSizeBytes } from './units.js';

describe('units', () => {
  it.each([
    ['0s', 0],
    ['30s', 30],
    ['5m', 300],
    ['1h', 3600],
    ['90d', 7_776_000],
  ])('%s are %d seconds', (text, seconds) => {
    expect(parseDurationSeconds(text)).toBe(seconds);
  });

  it.each([
    ['1B', 1],
    ['64KiB', 65_536],
    ['10MiB', 10_485_760],
    ['1GiB', 1_073_741_824],
  ])('%s are %d bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it('give nothing for any text that is not exactly a number and its unit', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^(?:0|[1-9][0-9]*)(?:[smhd]|B|KiB|MiB|GiB)$/.test(text));
        expect([parseDurationSeconds(text), parseSizeBytes(text)]).toEqual([undefined, undefined]);
      }),
    );
  });
});

describe('addresses', () => {
  it.each(['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '0.0.0.0/0', '::/128'])(
    '%s is a range',
    (text) => {
      expect(isCidr(text)).toBe(true);
    },
  );

  it.each(['10.0.0.0/', '10.0.0/8', '10.0.0.0/33', '::/129', '10.0.0.0/8/8', 'x', '', '::1/-1'])(
    '"%s" is no range',
    (text) => {
      expect(isCidr(text)).toBe(false);
    },
  );

  it.each(['https://a.example', 'http://127.0.0.1:1', 'http://[::1]/x', 'http://localhost'])(
    '%s may carry a secret',
    (text) => {
      expect(isConfidentialUrl(text)).toBe(true);
    },
  );

  it.each([
    'http://a.example',
    'http://127.a.example',
    'http://localhost.example',
    'http://[::2]',
    'https://u@a.example',
    'https://a.example/?',
    'https://a.example/#',
    'file:///etc',
    'https:\\a.example',
    ' https://a.example',
  ])('%s may not', (text) => {
    expect(isConfidentialUrl(text)).toBe(false);
  });
});

describe('the nearest name', () => {
  it.each([
    ['timeOut', 'timeout'],
    ['timout', 'timeout'],
    ['tls ', 'tls'],
    ['audti', 'audit'],
  ])('to %s is %s', (written, meant) => {
    expect(nearestName(written, ['audit', 'timeout', 'tls'])).toBe(meant);
  });

  it.each(['colour', '', 'x'])('to "%s" is none', (written) => {
    expect(nearestName(written, ['audit', 'timeout', 'tls'])).toBeUndefined();
  });
});
