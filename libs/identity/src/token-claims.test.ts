import { epochSeconds } from '#kernel';
import { aVerifier, FixedClock, verifyMinted } from '#testing';

const now = epochSeconds(new FixedClock().now());
const claimsRefused = { code: 'token-rejected', reason: 'invalid_claims' };

describe('the audience of a token', () => {
  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['a prefix of ours', 'https://postern'],
    ['longer than ours', 'https://postern.test.attacker.example'],
    ['ours with a slash', 'https://postern.test/'],
    ['ours in capitals', 'https://POSTERN.test'],
    ['ours with a space', 'https://postern.test '],
    ['nested lists', [['https://postern.test']]],
    ['a number', 1],
    ['an object', { 0: 'https://postern.test', length: 1 }],
    ['null', null],
    ['no value', []],
  ])('J-23 is rejected when it is %s', async (_what, aud) => {
    await expect(verifyMinted({ aud })).rejects.toMatchObject(claimsRefused);
  });

  it.each([
    [['https://postern.test', 'https://other.test']],
    [['https://other.test', 'https://postern.test']],
    [['https://postern.test', 'https://postern.test']],
    [['https://postern.test', null]],
  ])('J-24 is rejected when it is not ours alone: %j', async (aud) => {
    await expect(verifyMinted({ aud })).rejects.toMatchObject(claimsRefused);
  });

  it.each(['https://postern.test', ['https://postern.test']])('is accepted as %j', async (aud) => {
    await expect(verifyMinted({ aud })).resolves.toBeDefined();
  });
});

describe('the issuer of a token', () => {
  it.each([
    ['missing', undefined],
    ['a list', ['https://idp.test']],
    ['a number', 1],
    ['null', null],
    ['with a slash', 'https://idp.test/'],
    ['in capitals', 'https://IDP.test'],
    ['in punycode', 'https://xn--idp-test'],
    ['with user information', 'https://idp.test@attacker.example'],
    ['ours before an @', 'https://idp.test:443@attacker.example/'],
    ['with a port', 'https://idp.test:443'],
    ['a prefix', 'https://idp.tes'],
    ['longer', 'https://idp.test.attacker.example'],
    ['with a space', ' https://idp.test'],
    ['a property of every object', 'constructor'],
  ])('J-25 is refused before any key is asked for when it is %s', async (_what, iss) => {
    const { verifier, issuer, keys } = await aVerifier();
    await expect(verifier.verify(await issuer.mint({ iss }))).rejects.toMatchObject({
      code: 'token-rejected',
      reason: 'issuer_untrusted',
    });
    expect(keys.questions).toBe(0);
  });

  it('is not trusted from the instant at which its review is overdue', async () => {
    const reviewBy = new Date((now + 10) * 1000);
    const { verifier, issuer, clock, keys } = await aVerifier({ reviewBy });
    const compactJws = await issuer.mint();
    clock.advance(9);
    await expect(verifier.verify(compactJws)).resolves.toBeDefined();
    const questions = keys.questions;
    clock.advance(1);
    await expect(verifier.verify(compactJws)).rejects.toMatchObject({ reason: 'issuer_untrusted' });
    expect(keys.questions).toBe(questions);
  });
});

describe('the subject of a token', () => {
  it.each([
    ['missing', undefined],
    ['a number', 1],
    ['empty', ''],
    ['null', null],
    ['a list', ['workload-1']],
    ['4 kB', 'x'.repeat(4096)],
    ['256 characters', 'x'.repeat(256)],
    ['a NUL', 'a\0b'],
    ['a line feed', 'workload-1\n'],
    ['a line separator', 'a\u2028b'],
    ['written backwards', 'a\u202eb'],
    ['with a character of no width', 'work\u200bload'],
  ])('J-26 is rejected when it is %s', async (_what, sub) => {
    await expect(verifyMinted({ sub })).rejects.toMatchObject(claimsRefused);
  });

  it.each([
    'x',
    'x'.repeat(255),
    'repo:octo/app:environment:Prod West',
    'system:serviceaccount:ns:sa',
    'größe',
  ])('J-26 is accepted when it is %p', async (sub) => {
    expect((await verifyMinted({ sub })).identity.subject).toBe(sub);
  });
});

describe('the id of a token', () => {
  it.each([{ kind: 'once' }, { kind: 'bounded', uses: 3 }] as const)(
    'J-33 is required when uses are counted: %j',
    async (tokenUse) => {
      await expect(verifyMinted({ jti: undefined }, { tokenUse })).rejects.toMatchObject(
        claimsRefused,
      );
    },
  );

  it('J-33 is not required when a token may be used again', async () => {
    const tokenUse = { kind: 'reusable' } as const;
    expect((await verifyMinted({ jti: undefined }, { tokenUse })).jti).toBeUndefined();
    expect((await verifyMinted({ jti: 'a' }, { tokenUse })).jti).toBe('a');
  });

  it.each(['', 1, null, ['a'], 'x'.repeat(256), 'a\n'])(
    'J-33 is rejected when it is %p',
    async (jti) => {
      const tokenUse = { kind: 'reusable' } as const;
      await expect(verifyMinted({ jti }, { tokenUse })).rejects.toMatchObject(claimsRefused);
    },
  );
});
