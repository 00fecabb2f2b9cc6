import { aMesh, type TestAlgorithm } from '#testing';

const WORKLOAD = 'spiffe://prod.example/ns/payments/sa/settler';

describe('the header of a JWT-SVID', () => {
  it('tells which workload of which trust domain presents it', async () => {
    const { domain, verify, clock } = await aMesh();
    expect(await verify(await domain.svid())).toMatchObject({
      identity: { issuer: 'spiffe://prod.example', subject: WORKLOAD, subjectKind: 'workload' },
      issuer: { id: 'prod-example', kind: 'spiffe' },
      jti: undefined,
      keyId: 'prod.example-key',
      issuedAt: clock.now(),
    });
  });

  it.each<TestAlgorithm>(['ES256', 'ES384', 'RS256', 'PS256'])(
    'S-01: is accepted with alg %s, by a key that names none',
    async (algorithm) => {
      const { domain, verify } = await aMesh({}, algorithm);
      await expect(verify(await domain.svid())).resolves.toMatchObject({
        identity: { subject: WORKLOAD },
      });
    },
  );

  it.each(['EdDSA', 'Ed25519', 'HS256', 'none', 'None', 'ES256K', 'es256'])(
    'S-01: is refused with alg %s before any key is asked for',
    async (alg) => {
      const { domain, verify, keys } = await aMesh();
      await expect(verify(await domain.svid({}, { alg }))).rejects.toMatchObject({
        reason: 'invalid_signature',
      });
      expect(keys.questions).toBe(0);
    },
  );

  it('S-01: is refused with an algorithm that its trust domain is not registered with', async () => {
    const { domain, verify } = await aMesh({ algorithms: ['RS256'] });
    await expect(verify(await domain.svid())).rejects.toMatchObject({
      reason: 'invalid_signature',
    });
  });

  it.each(['JWT', 'JOSE', undefined])('S-02: is accepted with typ %s', async (typ) => {
    const { domain, verify } = await aMesh();
    await expect(verify(await domain.svid({}, { typ }))).resolves.toMatchObject({
      identity: { subject: WORKLOAD },
    });
  });

  it.each(['jwt', 'jose', 'application/JWT', 'at+jwt', 'dpop+jwt', 'svid', 'JWT-SVID'])(
    'S-02: is refused with typ %s',
    async (typ) => {
      const { domain, verify } = await aMesh();
      await expect(verify(await domain.svid({}, { typ }))).rejects.toMatchObject({
        reason: 'malformed_token',
      });
    },
  );

  it.each(['wit+jwt', 'WIT+JWT', 'application/wit+jwt'])(
    'S-15: is refused with typ %s, which is a workload identity token and not for bearers',
    async (typ) => {
      const { domain, oidc, verify } = await aMesh();
      for (const token of [await domain.svid({}, { typ }), await oidc.mint({}, { typ })]) {
        await expect(verify(token)).rejects.toMatchObject({ reason: 'malformed_token' });
      }
    },
  );

  it.each([
    ['x5t', 'AAAA'],
    ['x5t#S256', 'AAAA'],
    ['x5c', ['AAAA']],
    ['jku', 'https://evil.test/jwks'],
    ['jwk', {}],
    ['crit', ['exp']],
    ['cty', 'JWT'],
    ['iss', 'spiffe://prod.example'],
  ])('S-03: is refused with the header %s', async (name, value) => {
    const { domain, verify, keys } = await aMesh();
    await expect(verify(await domain.svid({}, { [name]: value }))).rejects.toMatchObject({
      reason: 'malformed_token',
    });
    expect(keys.questions).toBe(0);
  });
});
