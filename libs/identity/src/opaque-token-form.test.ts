import fc from 'fast-check';
import { checkOpaqueForm, TokenRejected } from '#identity';
import { TestIssuer } from '#testing';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;

describe('the form of an opaque token', () => {
  it.each([
    ['one character', 'x'],
    ['4096 characters', 'x'.repeat(4096)],
    ['RFC 6750 characters', 'mF_9.B5f-4.1JqM~+/=='],
    ['other visible characters', 'AQIC5w*AAJTSQ:{}!"#'],
    ['two parts', 'ory_at_abc.def'],
    ['three parts that are no JWT', 'v2.local.abc'],
    ['a JSON object in front and four parts', 'eyJhIjoxfQ.b.c.d'],
  ])('may be %s', (_what, token) => {
    expect(() => checkOpaqueForm(token)).not.toThrow();
  });

  it.each([
    ['empty', ''],
    ['longer than 4096 characters', 'x'.repeat(4097)],
    ['ended by a line break', 'token\n'],
    ['begun with a space', ' token'],
    ['split by a space', 'to ken'],
    ['split by a NUL', 'to\0ken'],
    ['split by DEL', 'to\u007fken'],
    ['not ASCII', 'tok\u00e9n'],
    ['with a full-width letter', 'token\uff41'],
  ])('is refused when it is %s', (_what, token) => {
    expect(() => checkOpaqueForm(token)).toThrow(TokenRejected);
    expect(() => checkOpaqueForm(token)).toThrow(
      expect.objectContaining({ reason: 'malformed_token' }) as Error,
    );
  });

  it('X-05: is refused when it is a JWT, signed or encrypted', async () => {
    const jwt = await (await TestIssuer.create({ issuer: 'https://idp.test' })).mint();
    const [header, payload] = jwt.split('.') as [string, string];
    for (const token of [jwt, `${header}.${payload}.`, `${header}.a.b.c.d`, `${header}==.a.b`]) {
      expect(() => checkOpaqueForm(token)).toThrow(/a JWT, not an opaque token/);
    }
  });

  it('X-05: is refused for every JOSE header, however it is spaced', () => {
    const space = fc.stringMatching(/^[ \t\n\r]{0,4}$/);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), space, (header, spaces) => {
        const encoded = Buffer.from(`${spaces}${JSON.stringify(header)}`).toString('base64url');
        if (encoded.length > 4000) return;
        expect(() => checkOpaqueForm(`${encoded}.e30.c2ln`)).toThrow(TokenRejected);
      }),
      { numRuns: RUNS },
    );
  });
});
