import fc from 'fast-check';
import { codePoint } from '#testing';
import { type FormRequest, Form } from './form.js';
import { OAuthError } from './oauth-error.js';

const FORM = 'application/x-www-form-urlencoded';

const parse = (body: string, overrides: Partial<FormRequest> = {}): Form =>
  Form.parse({ contentType: FORM, query: undefined, body, ...overrides });

const refusal = expect.objectContaining({
  code: 'invalid_request',
  reason: 'malformed_request',
}) as Error;

it.each([FORM, `${FORM};charset=UTF-8`, `${FORM.toUpperCase()} ; charset=utf-8`])(
  'takes a form of content type %s',
  (contentType) => {
    expect(parse('a=1', { contentType }).one('a')).toBe('1');
  },
);

it.each([
  undefined,
  '',
  'application/json',
  'text/plain',
  'multipart/form-data',
  `x${FORM}`,
  `${FORM}x`,
])('T-02: refuses content type %s', (contentType) => {
  expect(() => parse('a=1', { contentType })).toThrow(refusal);
});

it('T-12: refuses parameters in the URL, and takes a bare question mark', () => {
  expect(() => parse('a=1', { query: 'subject_token=x' })).toThrow(refusal);
  expect(parse('a=1', { query: '' }).one('a')).toBe('1');
});

it('T-03: refuses a parameter that stands there twice, also with the same value', () => {
  expect(() => parse('a=1&a=2').one('a')).toThrow(refusal);
  expect(() => parse('a=1&b=2&a=1').one('a')).toThrow(refusal);
});

it('gives all values of a parameter that may repeat, in their order', () => {
  expect(parse('a=1&b=2&a=3').all('a')).toEqual(['1', '3']);
  expect(parse('').all('a')).toEqual([]);
});

it('T-04: takes a parameter without a value for one that was not sent', () => {
  expect(parse('a=&b').one('a')).toBeUndefined();
  expect(parse('a=&b').one('b')).toBeUndefined();
  expect(parse('a=&a=1').one('a')).toBe('1');
});

it('T-13: takes 32 parameters and no more', () => {
  const parameters = (count: number): string =>
    Array.from({ length: count }, (_, n) => `p${n}=1`).join('&');
  expect(parse(parameters(32)).one('p31')).toBe('1');
  expect(() => parse(parameters(33))).toThrow(refusal);
});

it('T-13: takes a body of 64 KiB and not a byte more', () => {
  const body = (bytes: number): string => `a=${'x'.repeat(bytes - 2)}`;
  expect(parse(body(65_536)).one('a')).toHaveLength(65_534);
  expect(() => parse(body(65_537))).toThrow(refusal);
  expect(() => parse(`a=${'é'.repeat(32_768)}`)).toThrow(refusal);
});

it.each(['a=%', 'a=%4', 'a=%zz', 'a=%ff', 'a=%c0%af', 'a=%ed%a0%80', '%=a'])(
  'refuses %s, which is not percent-encoded UTF-8',
  (body) => {
    expect(() => parse(body)).toThrow(refusal);
  },
);

it('decodes what a form serializer writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), (value) => {
      expect(parse(new URLSearchParams({ value }).toString()).one('value')).toBe(value);
    }),
  );
});

it('keeps names apart that an object would not', () => {
  const form = parse('__proto__=1&constructor=2');
  expect([form.one('__proto__'), form.one('constructor'), form.one('toString')]).toEqual([
    '1',
    '2',
    undefined,
  ]);
});

it('answers any text by a form or by a refusal, and by nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: codePoint, maxLength: 300 }), async (body) => {
      const outcome = await Promise.resolve(body)
        .then((text) => parse(text))
        .catch((error: unknown) => error);
      expect(outcome instanceof Form || outcome instanceof OAuthError).toBe(true);
    }),
  );
});
