import fc from 'fast-check';
import { DPOP_ALGORITHMS, verifyDpopProof } from '#identity';
import { DpopKey, FixedClock } from '#testing';
import { normalTarget } from './dpop-target.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;
const UNRESERVED = 'ABCXYZabcxyz0189-._~';

describe('the htu of a DPoP proof', () => {
  const clock = new FixedClock();
  let key: DpopKey;

  beforeAll(async () => {
    key = await DpopKey.create({ clock });
  });

  const verify = (htu: unknown, uri: string): Promise<unknown> =>
    verifyDpopProof(key.proof({ htu }), {
      method: 'POST',
      uri,
      now: clock.now(),
      algorithms: DPOP_ALGORITHMS,
    });
  const rejected = async (htu: unknown, uri: string): Promise<void> => {
    await expect(verify(htu, uri)).rejects.toMatchObject({
      code: 'dpop-proof-rejected',
      message: expect.stringContaining('its htu is not the URL of the request') as string,
    });
  };

  it.each([
    ['the same', 'https://postern.test/a/b', 'https://postern.test/a/b'],
    ['a query', 'https://postern.test/a?x=1&y=%zz', 'https://postern.test/a'],
    ['a fragment', 'https://postern.test/a#part', 'https://postern.test/a'],
    ['the query of the request', 'https://postern.test/a', 'https://postern.test/a?x=1'],
    ['an upper case scheme and host', 'HTTPS://Postern.TEST/a', 'https://postern.test/a'],
    ['the default port', 'https://postern.test:443/a', 'https://postern.test/a'],
    ['an empty port', 'https://postern.test:/a', 'https://postern.test/a'],
    ['the default port of http', 'http://postern.test:80/a', 'http://postern.test/a'],
    ['no path for the root', 'https://postern.test', 'https://postern.test/'],
    ['no path and a query', 'https://postern.test?x', 'https://postern.test/'],
    ['needless percent-encoding', 'https://postern.test/%7Eme/%61', 'https://postern.test/~me/a'],
    ['lower case percent-encoding', 'https://postern.test/a%2fb', 'https://postern.test/a%2Fb'],
    ['dot segments', 'https://postern.test/x/../a/./b', 'https://postern.test/a/b'],
    ['encoded dot segments', 'https://postern.test/x/%2e%2E/a', 'https://postern.test/a'],
    ['an IPv6 address', 'https://[::1]:8443/a', 'https://[0:0::1]:8443/a'],
  ])('D-04: is accepted with %s', async (_, htu, uri) => {
    await expect(verify(htu, uri)).resolves.toMatchObject({ jkt: key.jkt });
  });

  it.each([
    ['another host', 'https://evil.test/a'],
    ['a host below', 'https://a.postern.test/a'],
    ['a host that begins alike', 'https://postern.test.evil.test/a'],
    ['another port', 'https://postern.test:8443/a'],
    ['the port of another scheme', 'https://postern.test:80/a'],
    ['another scheme', 'http://postern.test/a'],
    ['another path', 'https://postern.test/b'],
    ['another case of the path', 'https://postern.test/A'],
    ['a slash more at the end', 'https://postern.test/a/'],
    ['a slash more in front', 'https://postern.test//a'],
    ['an encoded slash', 'https://postern.test%2Fa'],
    ['a path below', 'https://postern.test/a/b'],
    ['no scheme', '//postern.test/a'],
    ['a path alone', '/a'],
    ['a user', 'https://me@postern.test/a'],
    ['a user and a password', 'https://me:pw@postern.test/a'],
    ['a backslash', 'https:\\\\postern.test\\a'],
    ['one slash', 'https:/postern.test/a'],
    ['a space in front', ' https://postern.test/a'],
    ['a line break inside', 'https://postern.test/\na'],
    ['a tab inside', 'https://post\tern.test/a'],
    ['a character that looks alike', 'https://postern.test/\uFF41'],
    ['a host of other digits', 'https://\uFF50ostern.test/a'],
    ['broken percent-encoding', 'https://postern.test/a%'],
    ['a percent-encoded control character', 'https://postern.test/a%00'],
    ['nothing', ''],
    ['a list', ['https://postern.test/a']],
    ['no value', undefined],
    ['null', null],
  ])('D-04: is rejected with %s', async (_, htu) => {
    await rejected(htu, 'https://postern.test/a');
  });

  it('D-04: is rejected when the URL of the request itself has no normal form', async () => {
    await rejected('https://postern.test/a|b', 'https://postern.test/a|b');
    expect(normalTarget(`https://postern.test/${'a'.repeat(9000)}`)).toBeUndefined();
  });

  const segment = fc.string({
    unit: fc.constantFrom(
      ...Array.from(`${UNRESERVED}!$&'()*+,;=:@`),
      '%2F',
      '%C3',
      '%41',
      '%7e',
      '%25',
    ),
    maxLength: 8,
  });
  const path = fc
    .array(segment, { maxLength: 5 })
    .map((all) => all.map((one) => `/${one}`).join(''));

  it('D-04: has a normal form that is its own normal form', () => {
    fc.assert(
      fc.property(path, (text) => {
        const normal = normalTarget(`https://postern.test${text}`)!;
        expect(normalTarget(normal)).toBe(normal);
      }),
      { numRuns: RUNS },
    );
  });

  it('D-04: has the same normal form however its unreserved characters are written', () => {
    const encoded = (text: string, picks: readonly boolean[]): string =>
      Array.from(text, (character, nth) =>
        picks[nth] === true && UNRESERVED.includes(character)
          ? `%${character.charCodeAt(0).toString(16)}`
          : character,
      ).join('');
    const plain = fc.string({
      unit: fc.constantFrom(...Array.from(`${UNRESERVED}/`)),
      maxLength: 30,
    });
    fc.assert(
      fc.property(plain, fc.array(fc.boolean(), { minLength: 30 }), (text, picks) => {
        const normal = normalTarget(`https://postern.test/${text}`);
        expect(normal).toBeDefined();
        expect(normalTarget(`HTTPS://Postern.Test:443/${encoded(text, picks)}?q#f`)).toBe(normal);
      }),
      { numRuns: RUNS },
    );
  });

  it('D-04: differs whenever two paths of plain segments differ', () => {
    const plain = fc.array(fc.stringMatching(/^[A-Za-z0-9]{1,6}$/), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        const [left, right] = [one.join('/'), other.join('/')];
        const same =
          normalTarget(`https://h.test/${left}`) === normalTarget(`https://h.test/${right}`);
        expect(same).toBe(left === right);
      }),
      { numRuns: RUNS },
    );
  });
});
