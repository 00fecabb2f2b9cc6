import { type PublishedJwk } from '#identity';
import { aVerifier, type TestAlgorithm, TestIssuer, type VerifierUnderTest } from '#testing';

const refusal = { code: 'token-rejected', reason: 'invalid_signature' };

describe('the published keys', () => {
  const publishing = async (
    change: (issuer: TestIssuer) => readonly PublishedJwk[],
    algorithm: TestAlgorithm = 'ES256',
  ): Promise<VerifierUnderTest> => {
    const under = await aVerifier({}, algorithm);
    under.keys.publish(under.issuer.issuer, change(under.issuer));
    return under;
  };
  const rejected = async (
    { verifier, issuer }: VerifierUnderTest,
    message: string,
  ): Promise<void> => {
    await expect(verifier.verify(await issuer.mint())).rejects.toMatchObject({
      ...refusal,
      message: expect.stringContaining(message) as unknown,
    });
  };

  it.each([
    ['use is enc', { use: 'enc' }, '"use"'],
    ['key_ops lack verify', { key_ops: ['encrypt'] }, '"key_ops"'],
    ['key_ops are no list', { key_ops: 'verify' }, '"key_ops"'],
    ['alg is another', { alg: 'ES384' }, 'not one for the algorithm'],
    ['alg is no text', { alg: 256 }, '"alg"'],
    ['crv is unknown', { crv: 'secp256k1' }, '"crv"'],
    ['kty is unknown', { kty: 'AKP' }, '"kty"'],
    ['x is short', { x: 'AAAA' }, 'coordinate'],
    ['x is no text', { x: 1 }, 'coordinate'],
    ['it is an HMAC key', { kty: 'oct', k: 'c2VjcmV0' }, 'private or symmetric'],
  ])('J-28 rejects a key whose %s', async (_what, members, message) => {
    await rejected(await publishing((issuer) => [issuer.publicJwk(members)]), message);
  });

  it.each(['ES256', 'RS256', 'EdDSA'] as const)(
    'J-28 rejects a key that is published with its private members (%s)',
    async (algorithm) => {
      const under = await publishing((issuer) => [issuer.privateJwk()], algorithm);
      await rejected(under, 'private or symmetric');
    },
  );

  it('J-28 goes on with the good keys of a set that has a bad one', async () => {
    const { verifier, issuer } = await publishing((one) => [
      one.publicJwk({ kid: 'bad', use: 'enc' }),
      one.publicJwk(),
    ]);
    await expect(verifier.verify(await issuer.mint())).resolves.toBeDefined();
  });

  it('J-28 rejects everything of a set in which two keys have one id', async () => {
    const under = await publishing((issuer) => [
      issuer.publicJwk(),
      issuer.publicJwk({ kid: 'twin' }),
      issuer.publicJwk({ kid: 'twin', use: 'enc' }),
    ]);
    await rejected(under, 'same "kid"');
  });

  it('J-28 rejects a set of more than 100 keys', async () => {
    const under = await publishing((issuer) => [
      issuer.publicJwk(),
      ...Array.from({ length: 100 }, (_, index) => issuer.publicJwk({ kid: `k${index}` })),
    ]);
    await rejected(under, 'more than 100');
  });

  describe('J-28 weak RSA keys', () => {
    const toText = (n: bigint): string => {
      const hex = n.toString(16);
      return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString(
        'base64url',
      );
    };

    it.each([
      ['1', 1n],
      ['3', 3n],
      ['17', 17n],
      ['65536', 65_536n],
      ['65538', 65_538n],
      ['0', 0n],
      ['2^32 + 1', 2n ** 32n + 1n],
    ])('rejects the exponent %s', async (_text, e) => {
      const under = await publishing((issuer) => [issuer.publicJwk({ e: toText(e) })], 'RS256');
      await rejected(under, 'exponent');
    });

    it.each([
      ['even', 2n ** 2047n],
      ['of 2047 bits', 2n ** 2047n - 1n],
      ['of 8193 bits', 2n ** 8192n + 1n],
    ])('rejects a modulus that is %s', async (_what, n) => {
      const under = await publishing((issuer) => [issuer.publicJwk({ n: toText(n) })], 'RS256');
      await rejected(under, 'modulus');
    });

    it("rejects a modulus of ROCA's generator", async () => {
      // 65537^a modulo the product of the small primes, plus a multiple of it: what that generator's moduli look like.
      const primes = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79,
      ];
      const more = [
        83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
      ];
      const product = [...primes, ...more].reduce((all, prime) => all * BigInt(prime), 1n);
      let power = 1n;
      for (let index = 0; index < 12_345; index += 1) power = (power * 65_537n) % product;
      const multiple = (2n ** 2047n / product / 2n) * 2n + 2n;
      const modulus = power + product * (power % 2n === 1n ? multiple : multiple + 1n);
      expect(modulus % 2n).toBe(1n);
      const under = await publishing(
        (issuer) => [issuer.publicJwk({ n: toText(modulus) })],
        'RS256',
      );
      await rejected(under, 'CVE-2017-15361');
    });
  });

  describe('J-28 one algorithm a key', () => {
    const both = { algorithms: ['RS256', 'PS256'] };

    it('rejects a key without alg that two of the accepted algorithms fit', async () => {
      const { verifier, issuer, keys } = await aVerifier(both, 'RS256');
      keys.publish(issuer.issuer, [issuer.publicJwk({ alg: undefined })]);
      await expect(verifier.verify(await issuer.mint())).rejects.toMatchObject(refusal);
    });

    it('accepts a key without alg that one of them fits', async () => {
      const { verifier, issuer, keys } = await aVerifier(
        { algorithms: ['RS256', 'ES256'] },
        'RS256',
      );
      keys.publish(issuer.issuer, [issuer.publicJwk({ alg: undefined })]);
      await expect(verifier.verify(await issuer.mint())).resolves.toBeDefined();
    });

    it.each(['EdDSA', 'Ed25519', undefined])(
      'takes EdDSA and Ed25519 for one (the key says %p)',
      async (alg) => {
        const { verifier, issuer, keys } = await aVerifier(
          { algorithms: ['EdDSA', 'Ed25519'] },
          'EdDSA',
        );
        keys.publish(issuer.issuer, [issuer.publicJwk({ alg })]);
        for (const named of ['EdDSA', 'Ed25519']) {
          await expect(
            verifier.verify(await issuer.mint({}, { alg: named })),
          ).resolves.toBeDefined();
        }
      },
    );

    it('rejects a token of an accepted algorithm that is not the one of the key', async () => {
      const { verifier, issuer, clock, keys } = await aVerifier(both, 'RS256');
      const pss = await TestIssuer.create({ issuer: issuer.issuer, algorithm: 'PS256', clock });
      keys.publish(issuer.issuer, [pss.publicJwk({ alg: 'RS256' })]);
      await expect(verifier.verify(await pss.mint())).rejects.toMatchObject(refusal);
    });
  });

  it('imports only the public numbers of a key, whatever else is published with it', async () => {
    const { verifier, issuer } = await publishing((one) => [
      one.publicJwk({ x5c: ['MIIB'], x5t: 'abc', ext: false, extra: { nested: true } }),
    ]);
    await expect(verifier.verify(await issuer.mint())).resolves.toBeDefined();
  });
});
