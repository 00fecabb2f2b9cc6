import fc from 'fast-check';
import { PATH_EXCEPTIONS, type PathException } from '#policy';
import { type AmbiguityRule, AmbiguousRequest } from './ambiguous-request.js';
import { type CanonicalRequest, canonicalRequest } from './canonical-request.js';

const HOST = ['Host', 'postern.example'];
const read = (url: string, exceptions: readonly PathException[] = []): CanonicalRequest =>
  canonicalRequest(
    { method: 'GET', rawHeaders: HOST, httpVersion: '1.1', url },
    () => new Set(exceptions),
  );

const withRule = (rule: AmbiguityRule): RegExp => new RegExp(`^ambiguous request \\(${rule}\\)`);

describe('a path of a resource that makes exceptions', () => {
  it.each<[PathException, string, string[]]>([
    ['encoded-slash', '/queues/%2F/orders', ['queues', '/', 'orders']],
    ['encoded-slash', '/projects/group%2fproject', ['projects', 'group/project']],
    ['encoded-slash', '/a%2F%2Fb%2F', ['a//b/']],
    ['encoded-slash', '/J%C3%BCrgen%2Fx', ['J\u00fcrgen/x']],
    ['encoded-slash', '/...a%2F.b', ['...a/.b']],
    ['path-parameter', '/orders;jsessionid=1F.a/7', ['orders;jsessionid=1F.a', '7']],
    ['path-parameter', '/a;v=1;w=%41%C3%BC', ['a;v=1;w=A\u00fc']],
    ['path-parameter', '/a;', ['a;']],
  ])('takes for a resource with the exception %s, and for no other, %s', (name, path, segments) => {
    const url = `/proxy/ledger${path}`;
    expect(read(url, [name])).toMatchObject({ path, segments });
    expect(() => read(url)).toThrow(AmbiguousRequest);
    const others = PATH_EXCEPTIONS.filter((other) => other !== name);
    expect(() => read(url, others)).toThrow(AmbiguousRequest);
  });

  it.each<[AmbiguityRule, string]>([
    ['dot-segment', '/a/..%2Fb'],
    ['dot-segment', '/a/%2e%2e%2fb'],
    ['dot-segment', '/a%2F..'],
    ['dot-segment', '/a%2F.%2Fb'],
    ['dot-segment', '/a%2F..%20%2Fb'],
    ['dot-segment', '/..;/b'],
    ['dot-segment', '/a/.;v=1/b'],
    ['dot-segment', '/a/%2e%2e;/b'],
    ['dot-segment', '/a;../b'],
    ['dot-segment', '/a%2F..;x'],
    ['dot-segment', '/a;x%2F..%2Fb'],
    ['path-parameter', '/;v=1/b'],
    ['path-parameter', '/a/;/b'],
    ['path-parameter', '/a%2F;x/b'],
    ['encoded-separator', '/a%5cb'],
    ['encoded-separator', '/a%3bb'],
    ['encoded-separator', '/a;b%3Bc'],
    ['encoded-separator', '/a%2F%5c'],
    ['double-encoding', '/a%252Fb'],
    ['double-encoding', '/a%2F%252e%252e'],
    ['double-encoding', '/a;%253b'],
    ['control-character', '/a%2F%00'],
    ['control-character', '/a;%0d%0a'],
    ['control-character', '/a;b c'],
    ['look-alike', '/a%2F%ef%bc%8fb'],
    ['look-alike', '/a%2F%ef%bc%8e%ef%bc%8e%2Fb'],
    ['look-alike', '/a;%ef%bc%9b'],
    ['utf-8', '/a%2F%c0%af'],
    ['percent-escape', '/a%2F%2'],
    ['empty-segment', '/a%2F//b'],
    ['backslash', '/a;\\b'],
    ['character', '/a;<'],
  ])('refuses by the rule %s, whatever the resource makes an exception of: %s', (rule, path) => {
    expect(() => read(`/proxy/ledger${path}`, PATH_EXCEPTIONS)).toThrow(withRule(rule));
  });

  it('makes the exceptions of the resource that is called, and of no other', () => {
    const call = { method: 'GET', rawHeaders: HOST, httpVersion: '1.1' };
    const of = (id: string) => (id === 'broker' ? new Set(PATH_EXCEPTIONS) : undefined);
    const target = (id: string) => ({ ...call, url: `/proxy/${id}/queues/%2F` });
    expect(canonicalRequest(target('broker'), of).segments).toEqual(['queues', '/']);
    expect(() => canonicalRequest(target('ledger'), of)).toThrow(withRule('encoded-separator'));
  });
});

const piece = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...['%2F', '%2f', ';', 'a', '/a', '/a;x=1', '%2Fb', '..', '/']),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '.',
        '%2e',
        '%252e',
        '%252F',
        '%5c',
        '%3b',
        '%00',
        '%',
        '%c3%a4',
        '%c0%af',
        '%ff',
        '?',
        '#',
      ],
      ...['//', '\\', ' ', '\u00e4', '%EF%BC%8F', '%EF%BC%8E'],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
  { weight: 1, arbitrary: fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`) },
);
const target = fc
  .array(piece, { maxLength: 8 })
  .map((pieces) => `/proxy/ledger/${pieces.join('')}`);

/** A second opinion: decodes segment by segment, knowing nothing of the first. */
const decodedSegments = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((segment) => Buffer.from(bytesOf(segment)).toString('utf8'));

const bytesOf = (text: string): number[] =>
  (text.match(/%..|[^%]/g) ?? []).map((unit) =>
    unit.length === 3 ? Number.parseInt(unit.slice(1), 16) : unit.charCodeAt(0),
  );

/** Undefined when it is refused; any other failure fails the test. */
function readable(url: string): CanonicalRequest | undefined {
  let request: CanonicalRequest | undefined;
  const attempt = (): void => {
    request = read(url, PATH_EXCEPTIONS);
    throw new AmbiguousRequest('character', 'it was accepted');
  };
  expect(attempt).toThrow(AmbiguousRequest);
  return request;
}

describe('what was judged is what is forwarded, with all exceptions too', () => {
  it('keeps a slash in its segment and a parameter with it, and no reader steps up, for any target', () => {
    let accepted = 0;
    fc.assert(
      fc.property(target, (url) => {
        const request = readable(url);
        if (request === undefined || request.path === '') return;
        const { path, segments } = request;
        if (/%2f|;/i.test(path)) accepted += 1;
        expect(url).toContain(path);
        const parsed = new URL(`http://ledger.internal/api${path}`).pathname;
        expect(parsed).toBe(`/api${path}`);
        expect(parsed.split('/').slice(2).map(decodeURIComponent)).toEqual(segments);
        expect(decodedSegments(path)).toEqual(segments);
        for (const part of segments.flatMap((segment) => segment.split(/[/;]/))) {
          expect(part).not.toMatch(/^[. ]+$|[\\\p{Cc}]|%[0-9a-f]{2}/iu);
        }
        expect(segments.some((segment) => segment.startsWith(';'))).toBe(false);
      }),
      { numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(250);
  });
});
