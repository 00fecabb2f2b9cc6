import fc from 'fast-check';
import { type AmbiguityRule, AmbiguousRequest } from './ambiguous-request.js';
import { type CanonicalRequest, canonicalRequest } from './canonical-request.js';

const HOST = ['Host', 'postern.example'];
const read = (
  url: string,
  over: { method?: string; rawHeaders?: string[]; httpVersion?: string } = {},
): CanonicalRequest =>
  canonicalRequest({ method: 'GET', rawHeaders: HOST, httpVersion: '1.1', url, ...over });

const withRule = (rule: AmbiguityRule): RegExp => new RegExp(`^ambiguous request \\(${rule}\\)`);

describe('a canonical request', () => {
  it('splits the target into resource, path, query and decoded segments', () => {
    expect(read('/proxy/ledger/accounts/J%C3%BCrgen%20A?x=%2F&y')).toEqual({
      method: 'GET',
      resourceId: 'ledger',
      path: '/accounts/J%C3%BCrgen%20A',
      query: 'x=%2F&y',
      segments: ['accounts', 'Jürgen A'],
    });
  });

  it.each([
    ['/proxy/ledger', '', []],
    ['/proxy/ledger/', '/', ['']],
    ['/proxy/ledger/a/', '/a/', ['a', '']],
    ['/proxy/ledger?x', '', []],
    ["/proxy/ledger/a:b@c!$&'()*+,=~", "/a:b@c!$&'()*+,=~", ["a:b@c!$&'()*+,=~"]],
    ['/proxy/ledger/100%25', '/100%25', ['100%']],
    ['/proxy/ledger/...a', '/...a', ['...a']],
    ['/proxy/ledger/%EF%BC%A1%E2%91%A0', '/%EF%BC%A1%E2%91%A0', ['\uff21\u2460']],
  ])('reads %s', (url, path, segments) => {
    expect(read(url)).toMatchObject({ path, segments });
  });

  it.each<[AmbiguityRule, string]>([
    ['dot-segment', '/proxy/ledger/a/../b'],
    ['dot-segment', '/proxy/ledger/./b'],
    ['dot-segment', '/proxy/ledger/..'],
    ['dot-segment', '/proxy/ledger/%2e%2e/b'],
    ['dot-segment', '/proxy/ledger/.%2E/b'],
    ['dot-segment', '/proxy/ledger/..%20/b'],
    ['dot-segment', '/proxy/ledger/a/%20'],
    ['look-alike', '/proxy/ledger/a%ef%bc%8fb'],
    ['look-alike', '/proxy/ledger/a%ef%bc%bcb'],
    ['look-alike', '/proxy/ledger/a%cd%beb'],
    ['look-alike', '/proxy/ledger/%ef%bc%8e%ef%bc%8e/b'],
    ['look-alike', '/proxy/ledger/%e2%80%a5/b'],
    ['look-alike', '/proxy/ledger/a%ef%bc%852fb'],
    ['double-encoding', '/proxy/ledger/%252e%252e/b'],
    ['double-encoding', '/proxy/ledger/a%252fb'],
    ['double-encoding', '/proxy/ledger/%255c'],
    ['double-encoding', '/proxy/ledger/a%2500'],
    ['double-encoding', '/proxy/ledger/a%25252fb'],
    ['encoded-separator', '/proxy/ledger/a%2fb'],
    ['encoded-separator', '/proxy/ledger/a%2Fb'],
    ['encoded-separator', '/proxy/ledger/a%5cb'],
    ['encoded-separator', '/proxy/ledger/a%3bb'],
    ['control-character', '/proxy/ledger/a%00'],
    ['control-character', '/proxy/ledger/a%0d%0ab'],
    ['control-character', '/proxy/ledger/a%7f'],
    ['control-character', '/proxy/ledger/a%c2%85'],
    ['control-character', '/proxy/ledger/a\tb'],
    ['control-character', '/proxy/ledger/a\u0001b'],
    ['control-character', '/proxy/ledger/a b'],
    ['backslash', '/proxy/ledger/a\\b'],
    ['backslash', '/proxy/ledger/a?b\\c'],
    ['path-parameter', '/proxy/ledger/a;v=1'],
    ['path-parameter', '/proxy/ledger/..;/b'],
    ['empty-segment', '/proxy/ledger//a'],
    ['empty-segment', '/proxy/ledger/a//b'],
    ['empty-segment', '/proxy/ledger//'],
    ['utf-8', '/proxy/ledger/a%ff'],
    ['utf-8', '/proxy/ledger/%c0%ae%c0%ae/b'],
    ['utf-8', '/proxy/ledger/a%c0%afb'],
    ['utf-8', '/proxy/ledger/%e0%80%ae'],
    ['utf-8', '/proxy/ledger/%ed%a0%80'],
    ['utf-8', '/proxy/ledger/a?x=%ff'],
    ['percent-escape', '/proxy/ledger/a%'],
    ['percent-escape', '/proxy/ledger/a%4'],
    ['percent-escape', '/proxy/ledger/a%zz'],
    ['percent-escape', '/proxy/ledger/%u002e'],
    ['percent-escape', '/proxy/ledger/a?x=%'],
    ['character', '/proxy/ledger/a\u00e4'],
    ['character', '/proxy/ledger/a<b'],
    ['character', '/proxy/ledger/a?x=\u00e4'],
    ['control-character', '/proxy/ledger/a?x=%00'],
    ['fragment', '/proxy/ledger/a#b'],
    ['fragment', '/proxy/ledger/a?b#c'],
    ['target-form', 'http://ledger.internal/proxy/ledger/a'],
    ['target-form', '//proxy/ledger/a'],
    ['target-form', 'ledger.internal:443'],
    ['target-form', '*'],
    ['target-form', '/%70roxy/ledger/a'],
    ['target-form', '/Proxy/ledger/a'],
    ['target-form', ''],
    ['resource-id', '/proxy/'],
    ['resource-id', '/proxy//a'],
    ['resource-id', '/proxy/Ledger/a'],
    ['resource-id', '/proxy/ledge%72/a'],
    ['resource-id', '/proxy/ledger@evil.example/a'],
    ['resource-id', '/proxy/../a'],
    ['resource-id', `/proxy/${'a'.repeat(64)}/a`],
    ['request-line-length', `/proxy/ledger/${'a'.repeat(8180)}`],
  ])('refuses by the rule %s: %s', (rule, url) => {
    expect(() => read(url)).toThrow(withRule(rule));
  });

  it.each(['CONNECT', 'TRACE', 'TRACK', 'get', '', 'GE T'])('refuses the method %j', (method) => {
    expect(() => read('/proxy/ledger/a', { method })).toThrow(withRule('method'));
  });

  it.each<[AmbiguityRule, string[]]>([
    ['host', []],
    ['host', [...HOST, 'host', 'postern.example']],
    ['host', ['Host', 'user@postern.example']],
    ['host', ['Host', 'postern.example/x']],
    ['host', ['Host', 'postern.example, evil.example']],
    ['framing', [...HOST, 'Content-Length', '1', 'Content-Length', '1']],
    ['framing', [...HOST, 'Content-Length', '+1']],
    ['framing', [...HOST, 'Content-Length', '1', 'Transfer-Encoding', 'chunked']],
    ['framing', [...HOST, 'Transfer-Encoding', 'gzip, chunked']],
    ['framing', [...HOST, 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']],
    ['expectation', [...HOST, 'Expect', '200-ok']],
    ['expectation', [...HOST, 'Expect', '']],
    ['expectation', [...HOST, 'Expect', '100-continue', 'Expect', '100-continue']],
    ['header-count', [...HOST, ...Array.from({ length: 200 }, () => 'x')]],
  ])('refuses by the rule %s the headers %j', (rule, rawHeaders) => {
    expect(() => read('/proxy/ledger/a', { rawHeaders })).toThrow(withRule(rule));
  });

  it('takes a request line of 8 KiB and a hundred headers', () => {
    const path = `/proxy/ledger/${'a'.repeat(8192 - 'GET  HTTP/1.1/proxy/ledger/'.length)}`;
    const rawHeaders = [...HOST, ...Array.from({ length: 198 }, () => 'x')];
    expect(read(path, { rawHeaders }).segments).toHaveLength(1);
  });

  it('takes a request of HTTP/1.0 without Host', () => {
    expect(read('/proxy/ledger/a', { rawHeaders: [], httpVersion: '1.0' }).resourceId).toBe(
      'ledger',
    );
  });

  it.each(['0.9', '1.2', '2.0', ''])('refuses HTTP/%s', (httpVersion) => {
    expect(() => read('/proxy/ledger/a', { httpVersion })).toThrow(withRule('http-version'));
  });

  it('refuses chunks from who speaks HTTP/1.0, and takes a length', () => {
    const sent = (...rawHeaders: string[]) =>
      read('/proxy/ledger/a', { rawHeaders, httpVersion: '1.0' });
    expect(() => sent('Transfer-Encoding', 'chunked')).toThrow(withRule('framing'));
    expect(sent('Content-Length', '5').path).toBe('/a');
  });

  it('takes the one expectation that there is', () => {
    expect(read('/proxy/ledger/a', { rawHeaders: [...HOST, 'Expect', '100-Continue'] }).path).toBe(
      '/a',
    );
  });

  it('never names the bytes in its message', () => {
    expect(() => read('/proxy/ledger/../pst_prod_abc')).toThrow(/^(?!.*pst_)/);
  });
});

/** A second opinion: decodes bytes, knowing nothing of the first. */
function byteDecoded(path: string): string[] {
  const bytes: number[] = [];
  for (let index = 0; index < path.length; index += 1) {
    if (path[index] === '%') {
      bytes.push(Number.parseInt(path.substring(index + 1, index + 3), 16));
      index += 2;
    } else bytes.push(path.charCodeAt(index));
  }
  return Buffer.from(bytes).toString('utf8').split('/').slice(1);
}

const piece = fc.oneof(
  fc.constantFrom(
    ...['a', 'accounts', '.', '..', '/', '//', '%2e', '%2E%2e', '%252e', '%2f', '%5c', '\\', ';'],
    ...[
      '%00',
      '%0a',
      '%',
      '%c3%a4',
      '%c0%ae',
      '%ff',
      '?',
      '#',
      '@',
      ':',
      '*',
      ' ',
      '\u00e4',
      '%25',
    ],
  ),
  fc.string({ maxLength: 4 }),
  fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
);
const anyTarget = fc
  .array(piece, { maxLength: 10 })
  .map((pieces) => `/proxy/ledger/${pieces.join('')}`);

/** Undefined when it is refused; any other failure fails the test. */
function readable(target: string): CanonicalRequest | undefined {
  let request: CanonicalRequest | undefined;
  const attempt = (): void => {
    request = read(target);
    throw new AmbiguousRequest('character', 'it was accepted');
  };
  expect(attempt).toThrow(AmbiguousRequest);
  return request;
}

describe('what was judged is what is forwarded', () => {
  it('decodes to the judged segments by every decoder, for any target that is accepted', () => {
    let accepted = 0;
    fc.assert(
      fc.property(anyTarget, (target) => {
        const request = readable(target);
        if (request === undefined || request.path === '') return;
        accepted += 1;
        expect(target).toContain(request.path);
        expect(byteDecoded(request.path)).toEqual(request.segments);
        // WHATWG URL resolves dot segments and backslashes: what it makes of the path must be the path.
        const url = new URL(`http://ledger.internal/api${request.path}?${request.query}`);
        expect(url.pathname).toBe(`/api${request.path}`);
        expect(url.pathname.split('/').slice(2).map(decodeURIComponent)).toEqual(request.segments);
        expect(url.host).toBe('ledger.internal');
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('never gives a segment that another decoder could read as more than one, or as a step up', () => {
    fc.assert(
      fc.property(anyTarget, (target) => {
        for (const segment of readable(target)?.segments ?? []) {
          expect(segment).not.toMatch(/^\.{1,2}$|[/\\;\p{Cc}]|%[0-9a-f]{2}/iu);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
