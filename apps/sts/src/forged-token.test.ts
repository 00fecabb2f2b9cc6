import { aMesh, aVerifier, FixedClock, TestIssuer } from '#testing';
import { forgedToken } from './forged-token.js';

const audience = 'https://postern.test';

const partsOf = (token: string): Record<string, unknown>[] =>
  token
    .split('.', 2)
    .map(
      (part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>,
    );

describe('a forged token', () => {
  it('names a key of its issuer, and is acceptable once that key signs it', async () => {
    const { verifier, issuer, keys, clock } = await aVerifier();
    const registration = issuer.registration();
    const token = (await forgedToken(registration, await keys.current(registration), {
      clock,
      audience,
    }))!;
    await expect(verifier.verify(token)).rejects.toThrow('the signature does not verify');
    const [header = {}, claims = {}] = partsOf(token);
    expect(header['kid']).toBe(issuer.keyId);
    const resigned = await verifier.verify(issuer.sign(header, claims));
    expect(resigned.identity.subject).toBe('postern-prober');
  });

  it.each(['ES256', 'RS256'] as const)(
    'is as acceptable in a trust domain that signs by %s',
    async (algorithm) => {
      const { domain, keys, clock, verify } = await aMesh({}, algorithm);
      const registration = domain.registration();
      const keySet = await keys.current(registration);
      const token = (await forgedToken(registration, keySet, { clock, audience }))!;
      await expect(verify(token)).rejects.toThrow('the signature does not verify');
      const [header = {}, claims = {}] = partsOf(token);
      const resigned = await verify(domain.signer.sign(header, claims));
      expect(resigned.identity.subject).toBe('spiffe://prod.example/postern-prober');
    },
  );

  it('is not there for an issuer without a key that it could name', async () => {
    const clock = new FixedClock();
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    const keySet = { keys: [issuer.publicJwk({ use: 'enc' })], fetchedAt: clock.now() };
    expect(await forgedToken(issuer.registration(), keySet, { clock, audience })).toBeUndefined();
  });
});
