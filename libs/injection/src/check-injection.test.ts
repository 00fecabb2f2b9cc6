import { ResourceInvalid } from '#policy';
import { aProxiedResource } from '#testing';
import { type HmacInjection } from './hmac-injection.js';

const hmac = (overrides: Partial<HmacInjection> = {}): HmacInjection => ({
  kind: 'hmac',
  algorithm: 'sha256',
  key: 'key',
  keyEncoding: 'utf8',
  stringToSign: '{method}\n{target}\n{date}\n{nonce}\n{header:content-md5}',
  signatureEncoding: 'hex',
  header: { name: 'Authorization', template: 'HMAC {field:keyId}:{signature}' },
  dateHeader: { name: 'X-Date', format: 'iso' },
  nonceHeader: 'X-Nonce',
  headers: [{ name: 'X-Key', template: '{field:keyId} {timestamp} {host} {body-sha256}' }],
  ...overrides,
});

describe('checking an hmac injection', () => {
  it('takes a scheme that a destination can verify', () => {
    expect(aProxiedResource({ inject: hmac() }).injection).toEqual(hmac());
  });

  it.each<[string, Partial<HmacInjection>, RegExp]>([
    ['a placeholder that there is not', { stringToSign: '{methud}' }, /placeholders such as/],
    ['an argument where there is none', { stringToSign: '{method:x}' }, /placeholders such as/],
    ['a header without a name', { stringToSign: '{header:}' }, /placeholders such as/],
    ['an inherited name', { stringToSign: '{constructor}' }, /placeholders such as/],
    ['an open brace', { stringToSign: '{method}{' }, /placeholders such as/],
    ['a brace that is not closed', { stringToSign: '{method}{path' }, /placeholders such as/],
    ['a constant string', { stringToSign: 'constant' }, /at least one placeholder/],
    ['too long a string', { stringToSign: `{method}${'x'.repeat(2048)}` }, /at most 2048/],
    ['a signature of itself', { stringToSign: '{method}{signature}' }, /cannot hold \{signature\}/],
    ['the key in the string', { stringToSign: '{method}{field:key}' }, /holds the key itself/],
    [
      'the key in a header',
      { headers: [{ name: 'X-Key', template: '{field:key}' }] },
      /headers\[0\]\.template: holds the key itself/,
    ],
    [
      'a header without the signature',
      { header: { name: 'X-Signature', template: '{date}' } },
      /header\.template: expected \{signature\}/,
    ],
    [
      'what the caller writes in a header',
      { header: { name: 'X-Signature', template: '{header:x-a}{signature}' } },
      /cannot hold what the caller writes/,
    ],
    [
      'two lines in a header',
      { header: { name: 'X-Signature', template: 'a\n{signature}' } },
      /expected printable ASCII/,
    ],
    [
      'a header that holds the signature',
      { stringToSign: '{method}{header:authorization}' },
      /which holds the signature/,
    ],
    ['one header twice', { nonceHeader: 'x_date' }, /puts on one header twice/],
    [
      'a header that frames the message',
      { dateHeader: { name: 'Content-Length', format: 'epoch' } },
      /"Content-Length" is no name/,
    ],
    ['a name that is no token', { nonceHeader: 'X Nonce' }, /"X Nonce" is no name/],
  ])('refuses %s', (_, overrides, problem) => {
    expect(() => aProxiedResource({ inject: hmac(overrides) })).toThrow(problem);
  });

  it('refuses a nonce or a time that is signed and sent nowhere', () => {
    const { kind, algorithm, key, keyEncoding, stringToSign, signatureEncoding, header } = hmac();
    const unsent = { kind, algorithm, key, keyEncoding, stringToSign, signatureEncoding, header };
    expect(() => aProxiedResource({ inject: unsent })).toThrow(/signs \{nonce\}, which no header/);
    expect(() => aProxiedResource({ inject: unsent })).toThrow(/signs the time, which no header/);
    const headers = [{ name: 'X-Seen', template: '{timestamp} {nonce}' }];
    expect(aProxiedResource({ inject: { ...unsent, headers } }).injection.kind).toBe('hmac');
  });
});

describe('checking a cookie and a body field', () => {
  it.each([
    ['a cookie of two words', { kind: 'cookie', name: 'api key', value: 'v' }],
    ['a cookie that ends its header', { kind: 'cookie', name: 'a;b', value: 'v' }],
    ['a cookie that is an attribute', { kind: 'cookie', name: '$Version', value: 'v' }],
    ['a parameter of two words', { kind: 'body-field', format: 'form', name: 'a b', value: 'v' }],
    ['a pointer to nothing', { kind: 'body-field', format: 'json', name: '/', value: 'v' }],
    ['a pointer with a gap', { kind: 'body-field', format: 'json', name: '/a//b', value: 'v' }],
    [
      'a pointer out of its grammar',
      { kind: 'body-field', format: 'json', name: '/a~2', value: 'v' },
    ],
    [
      'a pointer of nine names',
      { kind: 'body-field', format: 'json', name: '/a/b/c/d/e/f/g/h/i', value: 'v' },
    ],
    ['a member of two lines', { kind: 'body-field', format: 'json', name: 'a\nb', value: 'v' }],
    ['a member without a name', { kind: 'body-field', format: 'json', name: '', value: 'v' }],
  ] as const)('refuses %s', (_, inject) => {
    expect(() => aProxiedResource({ inject })).toThrow(ResourceInvalid);
  });

  it.each([
    { kind: 'cookie', name: '__Host-api.key', value: 'v' },
    { kind: 'body-field', format: 'form', name: 'credentials[key]', value: 'v' },
    { kind: 'body-field', format: 'json', name: 'api key', value: 'v' },
    { kind: 'body-field', format: 'json', name: '/auth/a~1b/~0c', value: 'v' },
  ] as const)('takes $kind $name', (inject) => {
    expect(aProxiedResource({ inject }).injection).toEqual(inject);
  });
});
