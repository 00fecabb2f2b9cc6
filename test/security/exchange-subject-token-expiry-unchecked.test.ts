import fc from 'fast-check';
import { Introspection } from '#oauth';
import { epochSeconds } from '#kernel';
import { FixedClock } from '#testing';
import { exchangeAt, PROPERTY_TIMEOUT_MS, refusedExchange, runs } from './refused-exchange.js';
import { type ErrorBody, StsEndpoint } from './sts-endpoint.js';

const START = new FixedClock().now();
const NOW = epochSeconds(START);
const SKEW_SECONDS = 30;
const LIFE_MAX_SECONDS = 3_600;

/**
 * ZITADEL CVE-2026-56665: a subject token without `exp`, or past it, was exchanged for a fresh one. Here a token has an
 * `exp` that is a date, which has not passed, and it is not further from `iat` than its issuer may give.
 */
describe('the expiry of a subject token', () => {
  let endpoint: StsEndpoint;
  /** the one answer that every subject token gets which is not acceptable. */
  let constant: ErrorBody;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
    constant = await refusedExchange(endpoint, { subject_token: 'garbage' });
  });
  beforeEach(() => endpoint.sts.clock.set(START));
  afterAll(() => endpoint.close());

  const refusedToken = (token: string): Promise<unknown> =>
    refusedExchange(endpoint, { subject_token: token });
  const refusedWith = async (claims: Readonly<Record<string, unknown>>): Promise<unknown> =>
    refusedToken(await endpoint.sts.mint(claims));
  const refusedText = async (exp: string): Promise<unknown> => {
    const { issuer } = endpoint.sts;
    const payload = JSON.stringify(issuer.claims()).replace(/"exp":\d+/, `"exp":${exp}`);
    return refusedToken(issuer.sign(issuer.header(), payload));
  };
  const unacceptable = (reason: string): unknown => ({
    ...constant,
    error: 'invalid_request',
    reason,
  });

  it('J-17: is refused when it is missing', async () => {
    expect(await refusedWith({ exp: undefined })).toEqual(unacceptable('invalid_claims'));
  });

  it.each([
    ['null', null],
    ['text', String(NOW + 60)],
    ['a date in text', '2027-01-01T00:00:00Z'],
    ['a fraction', NOW + 60.5],
    ['zero', 0],
    ['negative', -1],
    ['the negative of a date', -(NOW + 60)],
    ['milliseconds', (NOW + 60) * 1_000],
    ['2^33', 2 ** 33],
    ['a list', [NOW + 60]],
    ['an object', { value: NOW + 60 }],
    ['true', true],
  ])('J-18: is refused when it is %s', async (_, exp) => {
    expect(await refusedWith({ exp })).toEqual(unacceptable('invalid_claims'));
  });

  const unreadable = ['1e400', '-1e400', '9007199254740992', 'Infinity', 'NaN', '0x7fffffff', '01'];
  it.each(unreadable)('J-18: is refused when the token has it as %s', async (exp) => {
    expect(await refusedText(exp)).toEqual(unacceptable('malformed_token'));
  });

  it('J-18: is refused at once when it is further off than the issuer may give', async () => {
    const tenYears = NOW + 315_360_000;
    expect(await refusedWith({ exp: tenYears })).toEqual(unacceptable('invalid_claims'));
    const beyond = { exp: NOW + LIFE_MAX_SECONDS + 1 };
    expect(await refusedWith(beyond)).toEqual(unacceptable('invalid_claims'));
    const token = await endpoint.sts.mint({ exp: NOW + LIFE_MAX_SECONDS });
    expect((await exchangeAt(endpoint, { subject_token: token })).status).toBe(200);
  });

  it.each([
    ['long ago', { iat: 1, exp: 2 }],
    ['a day ago', { iat: NOW - 86_700, exp: NOW - 86_400 }],
    ['as long ago as the skew', { iat: NOW - 300, exp: NOW - SKEW_SECONDS }],
  ])('J-19: is refused when it passed %s', async (_, claims) => {
    expect(await refusedWith(claims)).toEqual(unacceptable('expired'));
  });

  it('J-13, J-17: is refused when it is named twice, whichever comes last', async () => {
    const { issuer } = endpoint.sts;
    for (const [first, last] of [
      [1, NOW + 60],
      [NOW + 60, 1],
    ]) {
      const payload = JSON.stringify(issuer.claims({ exp: last }));
      const twice = payload.replace('{', `{"exp":${String(first)},`);
      expect(await refusedToken(issuer.sign(issuer.header(), twice))).toEqual(
        unacceptable('malformed_token'),
      );
    }
  });

  it('J-17: is no matter of the signature: an expired token that is used again stays expired', async () => {
    const token = await endpoint.sts.mint();
    endpoint.sts.clock.advance(331);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(await refusedToken(token)).toEqual(unacceptable('expired'));
    }
  });

  it(
    'J-19, X-26: is refused when nothing is left, and else ends the handle too, for any life that is left',
    async () => {
      const { sts } = endpoint;
      const introspection = new Introspection(sts.parts);
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: -400, max: 400 }), async (left) => {
          sts.clock.set(START);
          const token = await sts.mint({ iat: NOW - 500, exp: NOW + left });
          if (left <= 0) {
            expect(await refusedToken(token)).toMatchObject({ error: 'invalid_request' });
            return;
          }
          const response = await exchangeAt(endpoint, { subject_token: token });
          expect(response.status).toBe(200);
          const { access_token: handle } = (await response.json()) as { access_token: string };
          sts.clock.advance(left - 0.001);
          expect((await introspection.introspect(handle)).active).toBe(left <= 300);
          sts.clock.advance(0.001);
          expect((await introspection.introspect(handle)).active).toBe(false);
        }),
        { numRuns: runs(150) },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
