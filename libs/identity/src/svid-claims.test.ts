import { epochSeconds } from '#kernel';
import { aMesh } from '#testing';

const AUDIENCE = 'https://postern.test';

describe('a JWT-SVID', () => {
  it.each([
    ['none', undefined],
    ['another', 'https://other.test'],
    ['ours and another', [AUDIENCE, 'https://other.test']],
    ['ours twice', [AUDIENCE, AUDIENCE]],
    ['an empty list', []],
    ['ours with a slash', `${AUDIENCE}/`],
    ['a number', 7],
  ])('S-04: is refused with aud %s', async (_what, aud) => {
    const { domain, verify } = await aMesh();
    await expect(verify(await domain.svid({ aud }))).rejects.toMatchObject({
      reason: 'invalid_claims',
    });
  });

  it('S-04: is accepted with our aud in a list of one', async () => {
    const { domain, verify } = await aMesh();
    await expect(verify(await domain.svid({ aud: [AUDIENCE] }))).resolves.toBeDefined();
  });

  it('S-05: is refused without exp', async () => {
    const { domain, verify } = await aMesh();
    await expect(verify(await domain.svid({ exp: undefined }))).rejects.toMatchObject({
      reason: 'invalid_claims',
    });
  });

  it.each([undefined, 'as minted'])(
    'S-05: is accepted until its exp and the clock skew are over (iat: %s)',
    async (iat) => {
      const { domain, verify, clock } = await aMesh({ clockSkewSeconds: 30 });
      const now = epochSeconds(clock.now());
      const token = await domain.svid({ exp: now + 60, iat: iat === undefined ? undefined : now });
      clock.advance(89);
      await expect(verify(token)).resolves.toBeDefined();
      clock.advance(1);
      await expect(verify(token)).rejects.toMatchObject({ reason: 'expired' });
    },
  );

  it('S-05: is refused before its nbf', async () => {
    const { domain, verify, clock } = await aMesh();
    const nbf = epochSeconds(clock.now()) + 31;
    await expect(verify(await domain.svid({ nbf }))).rejects.toMatchObject({
      reason: 'invalid_claims',
    });
  });

  describe('J-21 without iat, which JWT-SVID does not demand,', () => {
    it('counts as issued now', async () => {
      const { domain, verify, clock } = await aMesh();
      clock.advance(0.4);
      const { issuedAt } = await verify(await domain.svid({ iat: undefined }));
      expect(issuedAt.getTime()).toBeLessThanOrEqual(clock.now().getTime());
      expect(clock.now().getTime() - issuedAt.getTime()).toBeLessThan(1000);
    });

    it('is held to the registered life by what is left of it', async () => {
      const { domain, verify, clock } = await aMesh({
        maxLifetimeSeconds: 600,
        maxAgeSeconds: 600,
      });
      const now = epochSeconds(clock.now());
      const lasting = (seconds: number) => domain.svid({ iat: undefined, exp: now + seconds });
      await expect(verify(await lasting(600))).resolves.toBeDefined();
      await expect(verify(await lasting(601))).rejects.toMatchObject({ reason: 'invalid_claims' });
    });

    it('is refused where the registration limits the age: nobody knows it', async () => {
      const { domain, verify } = await aMesh({ maxLifetimeSeconds: 600, maxAgeSeconds: 599 });
      await expect(verify(await domain.svid())).resolves.toBeDefined();
      await expect(verify(await domain.svid({ iat: undefined }))).rejects.toMatchObject({
        reason: 'invalid_claims',
      });
    });
  });

  it('J-22: with iat is held to the registered life and age', async () => {
    const { domain, verify, clock } = await aMesh({ maxLifetimeSeconds: 600, maxAgeSeconds: 100 });
    const now = epochSeconds(clock.now());
    await expect(verify(await domain.svid({ exp: now + 601 }))).rejects.toThrow('lives longer');
    await expect(verify(await domain.svid({ iat: now - 101 }))).rejects.toThrow('is older');
  });

  it('J-33: needs no jti to be counted: the digest of its signing input is the same for each encoding', async () => {
    const { domain, verify } = await aMesh({ tokenUse: { kind: 'once' } });
    const signingInput = (await domain.svid()).split('.').slice(0, 2).join('.');
    const tokens = [1, 2].map(() => `${signingInput}.${domain.signer.signBytes(signingInput)}`);
    expect(tokens[0]).not.toBe(tokens[1]);
    const [one, two] = await Promise.all(tokens.map(verify));
    expect(one?.signingInputDigest).toBe(two?.signingInputDigest);
    expect(one?.jti).toBeUndefined();
  });

  it('J-33: of an OIDC issuer with tokenUse once needs a jti all the same', async () => {
    const { oidc, verify } = await aMesh();
    await expect(verify(await oidc.mint({ jti: undefined }))).rejects.toThrow('it has no jti');
  });

  it('J-34, J-35: must carry what its registration requires, as it is required', async () => {
    const { domain, verify } = await aMesh({ requiredClaims: { cluster: 'prod' } });
    await expect(verify(await domain.svid({ cluster: 'prod' }))).resolves.toBeDefined();
    for (const cluster of [undefined, '', 'production', ['prod'], true]) {
      await expect(verify(await domain.svid({ cluster }))).rejects.toThrow('cluster is not what');
    }
  });
});
