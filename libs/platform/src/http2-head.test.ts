import fc from 'fast-check';
import { codePoint } from '#testing';
import { http2Head, type RequestHead } from './http2-head.js';
import { MalformedRequest } from './malformed-request.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 20_000 : 300;
const PSEUDO = [':method', 'GET', ':scheme', 'https', ':authority', 'a.example', ':path', '/a?b'];

const read = (rawHeaders: readonly string[], endsHere = true): RequestHead =>
  http2Head({ rawHeaders, headers: objectOf(rawHeaders), endsHere });

function objectOf(rawHeaders: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index]!, rawHeaders[index + 1]!]);
  }
  return Object.fromEntries(pairs);
}

describe('the head of a request of HTTP/2', () => {
  it('is that of the request of HTTP/1.1 that says the same', () => {
    expect(read([...PSEUDO, 'accept', 'a', 'x-b', 'c'])).toEqual({
      method: 'GET',
      url: '/a?b',
      rawHeaders: ['host', 'a.example', 'accept', 'a', 'x-b', 'c'],
      headers: { host: 'a.example', accept: 'a', 'x-b': 'c' },
    });
  });

  it('has the authority for Host, which may say the same once more', () => {
    const host = ['host', 'A.example'];
    expect(read([...PSEUDO, ...host]).rawHeaders).toEqual(['host', 'a.example']);
    expect(read([...PSEUDO.slice(0, 4), ':path', '/', ...host]).rawHeaders).toEqual(host);
  });

  it('has one cookie, with its crumbs in order', () => {
    const crumbs = ['cookie', 'a=b', 'x', 'y', 'cookie', 'c=d; e=f'];
    expect(read([...PSEUDO, ...crumbs]).rawHeaders.slice(2)).toEqual([
      ...['x', 'y'],
      ...['cookie', 'a=b; c=d; e=f'],
    ]);
  });

  it.each([
    ['none', true, [], []],
    ['of a length', false, ['content-length', '5'], ['content-length', '5']],
    ['of an unknown length', false, [], ['transfer-encoding', 'chunked']],
  ])('says what body follows: %s', (_, endsHere, length, said) => {
    const head = read([...PSEUDO, ...length], endsHere);
    expect(head.rawHeaders.slice(2)).toEqual(said);
    expect(Object.entries(head.headers).flat()).toEqual(
      expect.arrayContaining(['host', 'a.example', ...said]),
    );
  });

  it('of whatever is received says one thing, and is refused where it would not', () => {
    const name = fc.oneof(
      fc.constantFrom(':method', ':path', ':authority', ':x', 'host', 'cookie', 'te'),
      fc.constantFrom('content-length', 'connection', 'transfer-encoding', 'X-Upper', 'x-a'),
      fc.string({ maxLength: 6 }),
    );
    const value = fc.oneof(
      fc.constantFrom('', 'a', ' a', 'a\r\nb: c', 'a\nb', '\0', '5', 'trailers', 'u@h', '/b c'),
      fc.string({ maxLength: 8, unit: codePoint }),
    );
    const more = fc.array(fc.tuple(name, value), { maxLength: 4 });
    fc.assert(
      fc.property(more, fc.boolean(), (pairs, endsHere) => {
        const head = readOrRefused([...PSEUDO, ...pairs.flat()], endsHere);
        if (head !== undefined) assertOneReading(head);
      }),
      { numRuns: RUNS },
    );
  });
});

function readOrRefused(rawHeaders: readonly string[], endsHere: boolean): RequestHead | undefined {
  // eslint-disable-next-line no-restricted-syntax -- a refusal is one of the two results that are judged
  try {
    return read(rawHeaders, endsHere);
  } catch (error) {
    if (error instanceof MalformedRequest) return undefined;
    throw error;
  }
}

function assertOneReading({ method, url, rawHeaders }: RequestHead): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  expect(method).toBe('GET');
  expect(url).toBe('/a?b');
  for (const name of names) expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/);
  for (const text of rawHeaders) expect(text).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
  const once = ['host', 'cookie', 'content-length', 'transfer-encoding'];
  for (const name of once) expect(names.filter((one) => one === name).length).toBeLessThan(2);
  expect(names).not.toContain('connection');
  expect(rawHeaders.slice(0, 2)).toEqual(['host', 'a.example']);
  expect(names.includes('content-length') && names.includes('transfer-encoding')).toBe(false);
}
