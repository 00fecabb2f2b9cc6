import fc from 'fast-check';
import { Secret } from '#kernel';
import { CallDenied } from '../call-denied.js';
import { injectCookie } from './cookie.js';

const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;
const SECRET = 'the-api-key-1987';

const injectorOf = (value = SECRET, name = 'api_key') =>
  injectCookie({ kind: 'cookie', name, value: 'apiKey' }, new Map([['apiKey', Secret.of(value)]]));

function cookiesAfter(headers: readonly string[], name?: string): readonly string[] {
  const draft = {
    method: 'GET',
    path: '/a',
    query: '',
    headers: ['host', 'ledger.internal', ...headers, 'x-last', '1'],
    body: undefined,
  };
  void injectorOf(SECRET, name).inject(draft);
  expect(draft.headers.slice(0, 2)).toEqual(['host', 'ledger.internal']);
  return draft.headers.filter((_, index) => draft.headers[index - 1]?.toLowerCase() === 'cookie');
}

describe('injecting a cookie', () => {
  it.each([
    ['no Cookie header', [], ''],
    ['an empty one', ['cookie', ' '], ''],
    ['other cookies', ['Cookie', 'theme=dark; sid="x"'], 'theme=dark; sid="x"; '],
    ['two headers', ['Cookie', 'a=1', 'COOKIE', 'b=2;c='], 'a=1; b=2; c=; '],
    ['the same name', ['cookie', 'api_key=mine; a=1; api_key=too'], 'a=1; '],
    ['the same name in another case', ['cookie', 'API_Key=mine; a=1'], 'a=1; '],
    ['the name in quotes', ['cookie', '"api_key"=mine'], ''],
    ['space around the name', ['cookie', 'a=1; api_key =mine'], 'a=1; '],
    ['the name without a value', ['cookie', 'api_key'], ''],
    ['what PHP reads as the name', ['cookie', 'api.key=1; api[key=2; api_key[]=3; a=1'], 'a=1; '],
    ['the name percent-encoded', ['cookie', 'api%5fkey=mine; api_key%00x=2'], ''],
    [
      'names that only begin or end like it',
      ['cookie', 'xapi_key=1; api_keyx=2'],
      'xapi_key=1; api_keyx=2; ',
    ],
  ])('sends ours last and once: %s', (_, headers, kept) => {
    expect(cookiesAfter(headers)).toEqual([`${kept}api_key=${SECRET}`]);
  });

  it.each([
    'a="open; api_key=mine',
    'a=1, api_key=mine',
    'a=b c',
    '$Version=1; a=1',
    'nothing',
    'a=1;',
    '=value',
    'a=\u00e4',
    'a=b\\"c',
  ])('refuses a Cookie header out of the grammar: %s', (header) => {
    const refused = expect.objectContaining({ code: 'ambiguous-request' }) as Error;
    expect(() => cookiesAfter(['cookie', header])).toThrow(refused);
  });

  it('takes Cookie2 from the caller, and nothing else', () => {
    const injector = injectorOf();
    expect(['cookie2', 'cookie', 'x-cookie'].map((name) => injector.replaces(name))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each(['with space', 'semi;colon', 'com,ma', 'quo"te', 'back\\slash', 'umlaut-\u00e4-1987'])(
    'refuses a secret that no cookie can hold, without repeating it: %s',
    (value) => {
      expect(() => injectorOf(value)).toThrow(
        'field "apiKey" of the secret holds a character that no cookie may hold (RFC 6265)',
      );
    },
  );

  it('is one header with our cookie last, whatever a caller sends, or the call is refused', async () => {
    const piece = fc.oneof(
      fc.constantFrom('api_key', 'API_KEY', 'a', '=', ';', '; ', '"', ',', ' ', '%', '[', '.', '1'),
      fc.string({ maxLength: 3 }),
    );
    const outcome = (header: string): Promise<unknown> =>
      Promise.resolve(header)
        .then((one) => cookiesAfter(['cookie', one]))
        .catch((error: unknown) => error);
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const sent = await outcome(pieces.join(''));
        if (sent instanceof CallDenied) {
          expect(sent.code).toBe('ambiguous-request');
          return;
        }
        const [header, ...more] = sent as string[];
        expect(more).toEqual([]);
        const pairs = header!.split('; ');
        expect(pairs.pop()).toBe(`api_key=${SECRET}`);
        for (const pair of pairs) {
          expect(pair).toMatch(/^[^\s",;\\=]+=("?)[^\s",;\\]*\1$/);
          expect(pair).not.toMatch(/^api_key=/i);
        }
      }),
      { numRuns: runs },
    );
  });

  it('leaves other cookies as they are, for any names and values', () => {
    const octets = fc.string({
      unit: fc.constantFrom(...'abcXYZ019!#$%&()*+-./:<=>?@[]^_`{|}~'.split('')),
    });
    const name = fc.string({
      unit: fc.constantFrom(...'abXY01!#%&*+-.^_`|~'.split('')),
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, octets), { minLength: 1 }), (cookies) => {
        const header = cookies.map(([one, value]) => `x${one}=${value}`).join('; ');
        expect(cookiesAfter(['cookie', `${header}; api_key=mine`])).toEqual([
          `${header}; api_key=${SECRET}`,
        ]);
      }),
      { numRuns: runs },
    );
  });
});
