import { type VerifiedToken } from '#identity';
import { epochSeconds } from '#kernel';
import { aVerifier, FixedClock, verifyMinted } from '#testing';

const now = epochSeconds(new FixedClock().now());
const claimsRefused = { code: 'token-rejected', reason: 'invalid_claims' };
const expired = { code: 'token-rejected', reason: 'expired' };
const malformed = { code: 'token-rejected', reason: 'malformed_token' };

/** For what JSON.stringify cannot write. */
const verifyText = async (change: (payload: string) => string): Promise<VerifiedToken> => {
  const { verifier, issuer } = await aVerifier();
  const payload = change(JSON.stringify(issuer.claims()));
  return verifier.verify(issuer.sign(issuer.header(), payload));
};

describe('the times of a token', () => {
  it('tells when it was issued and when it expires', async () => {
    const token = await verifyMinted({ iat: now - 5, exp: now + 60 });
    expect(token.issuedAt).toEqual(new Date((now - 5) * 1000));
    expect(token.expiresAt).toEqual(new Date((now + 60) * 1000));
  });

  it('J-17 rejects a token without exp', async () => {
    await expect(verifyMinted({ exp: undefined })).rejects.toMatchObject(claimsRefused);
  });

  it.each([
    ['text', String(now + 60)],
    ['a fraction', now + 60.5],
    ['negative', -1],
    ['zero', 0],
    ['milliseconds', (now + 60) * 1000],
    ['2^33', 2 ** 33],
    ['null', null],
    ['a list', [now + 60]],
    ['true', true],
  ])('J-18 rejects an exp that is %s', async (_what, exp) => {
    await expect(verifyMinted({ exp }, { maxLifetimeSeconds: 1e15 })).rejects.toMatchObject(
      claimsRefused,
    );
  });

  it.each(['1e400', '-1e400', '99999999999999999999'])('J-18 rejects an exp of %s', async (exp) => {
    const verified = verifyText((payload) => payload.replace(/"exp":\d+/, `"exp":${exp}`));
    await expect(verified).rejects.toMatchObject(malformed);
  });

  it.each([
    [0, 'accepts', 30],
    [-1, 'accepts', 30],
    [-29, 'accepts', 30],
    [-30, 'rejects', 30],
    [-31, 'rejects', 30],
    [1, 'accepts', 0],
    [0, 'rejects', 0],
    [-59, 'accepts', 60],
    [-60, 'rejects', 60],
  ] as const)(
    'J-19 exp of now%i: %s with a skew of %i s',
    async (offset, effect, clockSkewSeconds) => {
      const verified = verifyMinted({ iat: now - 100, exp: now + offset }, { clockSkewSeconds });
      if (effect === 'accepts') await expect(verified).resolves.toBeDefined();
      else await expect(verified).rejects.toMatchObject(expired);
    },
  );

  it('J-19 counts fractions of a second', async () => {
    const { verifier, issuer, clock } = await aVerifier({ clockSkewSeconds: 0 });
    const compactJws = await issuer.mint({ exp: now + 1 });
    clock.set(new Date(now * 1000 + 999));
    await expect(verifier.verify(compactJws)).resolves.toBeDefined();
    clock.set(new Date(now * 1000 + 1000));
    await expect(verifier.verify(compactJws)).rejects.toMatchObject(expired);
  });

  it.each([String(now), now + 31, now + 0.5, null, -1, (now - 5) * 1000])(
    'J-20 rejects an nbf of %p',
    async (nbf) => {
      await expect(verifyMinted({ nbf })).rejects.toMatchObject(claimsRefused);
    },
  );

  it.each([now + 30, now, now - 100])('J-20 accepts an nbf of %p', async (nbf) => {
    await expect(verifyMinted({ nbf })).resolves.toBeDefined();
  });

  it.each([undefined, now + 31, String(now), now + 0.5, null, 0, now * 1000])(
    'J-21 rejects an iat of %p',
    async (iat) => {
      await expect(verifyMinted({ iat })).rejects.toMatchObject(claimsRefused);
    },
  );

  it('J-21 accepts an iat within the skew', async () => {
    await expect(verifyMinted({ iat: now + 30 })).resolves.toBeDefined();
  });

  it.each([
    [600, 'accepts'],
    [601, 'rejects'],
  ])('J-21 at an age of %i s of at most 600 %s', async (age, effect) => {
    const verified = verifyMinted({ iat: now - age, exp: now + 60 }, { maxAgeSeconds: 600 });
    if (effect === 'accepts') await expect(verified).resolves.toBeDefined();
    else await expect(verified).rejects.toMatchObject(expired);
  });

  it('J-22 rejects a lifetime of ten years', async () => {
    await expect(verifyMinted({ exp: now + 315_360_000 })).rejects.toMatchObject(claimsRefused);
  });

  it('J-22 draws the line at the longest lifetime of the issuer', async () => {
    await expect(verifyMinted({ exp: now + 3600 })).resolves.toBeDefined();
    await expect(verifyMinted({ exp: now + 3601 })).rejects.toMatchObject(claimsRefused);
  });

  it('J-22 rejects a token that expires before it was issued', async () => {
    await expect(verifyMinted({ iat: now + 20, exp: now + 10 })).rejects.toMatchObject(
      claimsRefused,
    );
  });
});
