import { createHash, createHmac } from 'node:crypto';
import { Secret } from '#kernel';
import { FixedClock } from '#testing';
import { type HmacInjection } from '../hmac-injection.js';
import { injectHmac } from './hmac.js';

interface Drafted {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
  readonly now?: string;
}

const injection = (overrides: Partial<HmacInjection> = {}): HmacInjection => ({
  kind: 'hmac',
  algorithm: 'sha256',
  key: 'key',
  keyEncoding: 'utf8',
  stringToSign: '{method}',
  signatureEncoding: 'hex',
  header: { name: 'X-Signature', template: '{signature}' },
  ...overrides,
});

const injectorOf = (
  overrides: Partial<HmacInjection>,
  fields: Readonly<Record<string, string>>,
  now = '2026-11-20T12:00:00.250Z',
) =>
  injectHmac(
    injection(overrides),
    new Map(Object.entries(fields).map(([name, value]) => [name, Secret.of(value)])),
    { clock: new FixedClock(new Date(now)) },
  );

function headersAfter(
  overrides: Partial<HmacInjection>,
  fields: Readonly<Record<string, string>>,
  drafted: Drafted = {},
): Map<string, string> {
  const { method = 'GET', path = '/a', query = '', headers = [], body, now } = drafted;
  const draft = {
    method,
    path,
    query,
    headers: ['host', 'example.com', ...headers],
    body: body === undefined ? undefined : Buffer.from(body),
  };
  void injectorOf(overrides, fields, now).inject(draft);
  const sent = new Map<string, string>();
  for (let index = 0; index < draft.headers.length; index += 2) {
    sent.set(draft.headers[index]!.toLowerCase(), draft.headers[index + 1]!);
  }
  return sent;
}

describe('the MAC of RFC 4231', () => {
  it.each([
    [
      'test case 1',
      '0b'.repeat(20),
      Buffer.from('Hi There'),
      [
        'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
        '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
      ],
    ],
    [
      'test case 2',
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?'),
      [
        '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
      ],
    ],
    [
      'test case 3',
      'aa'.repeat(20),
      Buffer.alloc(50, 0xdd),
      [
        '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
        'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
      ],
    ],
    [
      'test case 6',
      'aa'.repeat(131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      [
        '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
        '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
      ],
    ],
  ])('%s', (_, key, body, expected) => {
    const keyed = { keyEncoding: 'hex', stringToSign: '{body}' } as const;
    const signed = (algorithm: 'sha256' | 'sha512') =>
      headersAfter({ ...keyed, algorithm }, { key }, { body }).get('x-signature');
    expect([signed('sha256'), signed('sha512')]).toEqual(expected);
  });
});

describe('schemes as templates', () => {
  // AWS, "Signing and authenticating REST requests (AWS signature version 2)", examples "Object GET" and "Object PUT".
  it.each([
    [
      'Object GET',
      { headers: ['Date', 'Tue, 27 Mar 2007 19:36:42 +0000'], path: '/photos/puppy.jpg' },
      'bWq2s1WEIj+Ydj0vQ697zp+IXMU=',
    ],
    [
      'Object PUT',
      {
        method: 'PUT',
        headers: ['Date', 'Tue, 27 Mar 2007 21:15:45 +0000', 'Content-Type', 'image/jpeg'],
        path: '/photos/puppy.jpg',
      },
      'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
    ],
  ])('AWS signature version 2 of S3: %s', (_, drafted, signature) => {
    const scheme = {
      algorithm: 'sha1',
      stringToSign:
        '{method}\n{header:content-md5}\n{header:content-type}\n{header:date}\n/johnsmith{path}',
      signatureEncoding: 'base64',
      header: { name: 'Authorization', template: 'AWS {field:accessKeyId}:{signature}' },
    } as const;
    const fields = {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    };
    expect(headersAfter(scheme, fields, drafted).get('authorization')).toBe(
      `AWS AKIAIOSFODNN7EXAMPLE:${signature}`,
    );
  });

  it('HTTP message signatures: RFC 9421 appendix B.2.5', () => {
    const params = '("date" "@authority" "content-type");created={timestamp};keyid="{field:keyId}"';
    const scheme = {
      keyEncoding: 'base64',
      stringToSign: `"date": {header:date}\n"@authority": {host}\n"content-type": {header:content-type}\n"@signature-params": ${params}`,
      signatureEncoding: 'base64',
      header: { name: 'Signature', template: 'sig-b25=:{signature}:' },
      headers: [{ name: 'Signature-Input', template: `sig-b25=${params}` }],
    } as const;
    const fields = {
      keyId: 'test-shared-secret',
      key: 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
    };
    const sent = headersAfter(scheme, fields, {
      method: 'POST',
      path: '/foo',
      headers: ['Date', 'Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type', 'application/json'],
      now: new Date(1618884473_000).toISOString(),
    });
    expect(sent.get('signature-input')).toBe(
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    );
    expect(sent.get('signature')).toBe('sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:');
  });

  it('the signed endpoints of Binance, as their documentation computes it over a body', () => {
    const scheme = {
      stringToSign: '{query}{body}',
      headers: [{ name: 'X-MBX-APIKEY', template: '{field:apiKey}' }],
    };
    const fields = {
      apiKey: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
      key: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
    };
    const body =
      'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559';
    const sent = headersAfter(scheme, fields, { method: 'POST', body });
    expect(sent.get('x-signature')).toBe(
      'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71',
    );
    expect(sent.get('x-mbx-apikey')).toBe(fields.apiKey);
  });
});

describe('what a template takes', () => {
  const key = 'the-signing-key-1987';
  const macOf = (text: string | Buffer): string =>
    createHmac('sha256', key).update(text).digest('hex');
  const drafted = {
    method: 'POST',
    path: '/api/a%20b',
    query: 'x=1&y=%2f',
    headers: ['X-Twice', ' 1 ', 'x_twice', '2'],
    body: Buffer.from([0xff, 0x00, 0x7b]),
  };
  const hash = createHash('sha256').update(drafted.body);

  it.each([
    ['{method}', 'POST'],
    ['{path}', '/api/a%20b'],
    ['{query}', 'x=1&y=%2f'],
    ['{target}', '/api/a%20b?x=1&y=%2f'],
    ['{host}', 'example.com'],
    ['{header:x-twice}', '1, 2'],
    ['{header:absent}', ''],
    ['{header:content-length}', '3'],
    ['{date}', 'Fri, 20 Nov 2026 12:00:00 GMT'],
    ['{timestamp}', '1795176000'],
    ['{body}', drafted.body],
    ['{body-sha256}', hash.copy().digest('hex')],
    ['{body-sha256-base64}', hash.copy().digest('base64')],
    ['{field:keyId}', 'ledger'],
    ['a\n{method}\n', 'a\nPOST\n'],
  ])('%s', (stringToSign, text) => {
    const sent = headersAfter({ stringToSign }, { key, keyId: 'ledger' }, drafted);
    expect(sent.get('x-signature')).toBe(macOf(text));
  });

  it('the target is the path alone where there is no query, a missing body is an empty one', () => {
    const sent = headersAfter({ stringToSign: '{target}|{body}|{body-sha256}' }, { key });
    const empty = createHash('sha256').digest('hex');
    expect(sent.get('x-signature')).toBe(macOf(`/a||${empty}`));
  });

  it.each([
    ['rfc1123', 'Fri, 20 Nov 2026 12:00:00 GMT'],
    ['iso', '2026-11-20T12:00:00Z'],
    ['epoch', '1795176000'],
  ] as const)('the date that is sent is the one that is signed: %s', (format, text) => {
    const dateHeader = { name: 'X-Date', format };
    const sent = headersAfter({ stringToSign: '{date}|{header:x-date}', dateHeader }, { key });
    expect(sent.get('x-date')).toBe(text);
    expect(sent.get('x-signature')).toBe(macOf(`${text}|${text}`));
  });

  it('the nonce that is sent is the one that is signed, and is another for each call', () => {
    const scheme = { stringToSign: '{nonce}', nonceHeader: 'X-Nonce' };
    const first = headersAfter(scheme, { key });
    const nonce = first.get('x-nonce')!;
    expect(nonce).toMatch(/^[0-9a-f]{32}$/);
    expect(first.get('x-signature')).toBe(macOf(nonce));
    expect(headersAfter(scheme, { key }).get('x-nonce')).not.toBe(nonce);
  });

  it('the signature in base64url has no padding', () => {
    const sent = headersAfter({ signatureEncoding: 'base64url' }, { key });
    const mac = createHmac('sha256', key).update('GET');
    expect(sent.get('x-signature')).toBe(mac.digest('base64url'));
  });

  it('a body is held only where a template takes it', () => {
    const holds = (stringToSign: string) => injectorOf({ stringToSign }, { key }).holdsBody;
    expect([holds('{method}{path}'), holds('{body-sha256}'), holds('{body}')]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('every header that is put on is taken from the caller, also under the names that CGI folds', () => {
    const injector = injectorOf(
      {
        dateHeader: { name: 'X-Date', format: 'iso' },
        nonceHeader: 'X-Nonce',
        headers: [{ name: 'X_Key', template: 'ledger' }],
      },
      { key },
    );
    const names = ['x-signature', 'x-date', 'x-nonce', 'x-key', 'x-other'];
    expect(names.filter((name) => injector.replaces(name))).toEqual(names.slice(0, 4));
  });
});

describe('the key of an HMAC', () => {
  it.each([
    ['base64', 'not*base64*at*all'],
    ['base64', 'dGhlLWtleS0xOTg3'.slice(0, -1)],
    ['hex', '0b0b0b0b0b0b0b0b0'],
    ['hex', 'the-signing-key'],
  ] as const)('in %s is refused when it is not, without repeating it', (keyEncoding, key) => {
    expect(() => injectorOf({ keyEncoding }, { key })).toThrow(
      `field "key" of the secret is not in ${keyEncoding}`,
    );
  });

  it('is confidential as it is written, and in the other encodings', () => {
    const bytes = Buffer.from('the-signing-key-1987');
    const written = bytes.toString('base64');
    expect(injectorOf({ keyEncoding: 'base64' }, { key: written }).confidential).toEqual([
      written,
      bytes.toString('hex'),
      'the-signing-key-1987',
    ]);
  });

  it('is missing: the error names the field', () => {
    expect(() => injectorOf({}, {})).toThrow('the secret has no field "key"');
    expect(() => injectorOf({ stringToSign: '{field:keyId}' }, { key: 'x' })).toThrow(
      'the secret has no field "keyId"',
    );
  });
});
