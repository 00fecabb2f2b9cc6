import {
  compileIssuer,
  type IssuerDeclaration,
  IssuerRegistryInvalid,
  parseSpiffeBundle,
} from '#identity';
import { aMesh, FixedClock, TestTrustDomain } from '#testing';

const WORKLOAD = 'spiffe://prod.example/ns/payments/sa/settler';

describe('a JWT-SVID', () => {
  it.each([
    'spiffe://prod.example/a/',
    'spiffe://prod.example/a//b',
    'spiffe://Prod.example/a',
    'spiffe://prod.example:443/a',
    'spiffe://prod.example/a%2fb',
    'spiffe://prod.example/../other.example',
    'SPIFFE://prod.example/a',
    'spiffe:prod.example/a',
    ' spiffe://prod.example/a',
    'spiffe://',
    `spiffe://prod.example/${'a'.repeat(2048)}`,
  ])('S-06: is refused with the sub %.40s, which is no SPIFFE ID', async (sub) => {
    const { domain, oidc, verify, keys } = await aMesh();
    for (const token of [await domain.svid({ sub }), await oidc.mint({ sub })]) {
      await expect(verify(token)).rejects.toMatchObject({ reason: 'invalid_claims' });
    }
    expect(keys.questions).toBe(0);
  });

  it.each([
    ['a name', 'settler'],
    ['nothing', undefined],
    ['a number', 7],
    ['a list', [WORKLOAD]],
  ])('S-06: is refused with a sub that is %s', async (_what, sub) => {
    const { domain, verify, keys } = await aMesh();
    for (const iss of [undefined, 'spiffe://prod.example']) {
      await expect(verify(await domain.svid({ sub, iss }))).rejects.toMatchObject({
        reason: 'issuer_untrusted',
      });
    }
    expect(keys.questions).toBe(0);
  });

  it('S-06: of a trust domain that is not registered is refused before any key is asked for', async () => {
    const { domain, verify, keys } = await aMesh();
    for (const sub of [
      'spiffe://stage.example/a',
      'spiffe://prod.example.evil/a',
      'spiffe://prod/a',
    ]) {
      await expect(verify(await domain.svid({ sub }, { alg: 'none' }))).rejects.toMatchObject({
        reason: 'issuer_untrusted',
      });
    }
    expect(keys.questions).toBe(0);
  });

  it('S-06: of a trust domain whose review is overdue is refused', async () => {
    const { domain, verify } = await aMesh({ reviewBy: new Date(0) });
    await expect(verify(await domain.svid())).rejects.toMatchObject({ reason: 'issuer_untrusted' });
  });

  it('S-06, J-29: is refused when a key of another trust domain signed it, whatever its kid', async () => {
    const { other, verify } = await aMesh();
    for (const kid of ['other.example-key', 'prod.example-key']) {
      await expect(verify(await other.svid({ sub: WORKLOAD }, { kid }))).rejects.toMatchObject({
        reason: 'invalid_signature',
      });
    }
  });

  it('S-07: is judged by the trust domain of its sub, whatever its iss says', async () => {
    const { domain, verify } = await aMesh();
    for (const iss of ['https://idp.test', 'spiffe://other.example', 'https://evil.test', 7]) {
      await expect(verify(await domain.svid({ iss }))).resolves.toMatchObject({
        identity: { issuer: 'spiffe://prod.example', subject: WORKLOAD },
      });
    }
  });

  it('S-07: cannot be made by an OIDC issuer, though that one is trusted', async () => {
    const { oidc, verify } = await aMesh();
    for (const kid of [oidc.keyId, 'prod.example-key']) {
      await expect(verify(await oidc.mint({ sub: WORKLOAD }, { kid }))).rejects.toMatchObject({
        reason: 'invalid_signature',
      });
    }
    await expect(
      verify(await oidc.mint({ sub: 'spiffe://idp.test/settler' })),
    ).rejects.toMatchObject({ reason: 'issuer_untrusted' });
  });

  it('S-08: is refused without kid, even when its trust domain has one key', async () => {
    const { domain, verify, keys } = await aMesh();
    await expect(verify(await domain.svid({}, { kid: undefined }))).rejects.toMatchObject({
      reason: 'malformed_token',
    });
    expect(keys.questions).toBe(0);
  });

  it('S-09: is refused at once when the bundle has no key any more', async () => {
    const { domain, verify, keys, clock } = await aMesh();
    const token = await domain.svid();
    await expect(verify(token)).resolves.toBeDefined();
    const { jwtKeys } = parseSpiffeBundle(Buffer.from('{"keys":[]}'));
    keys.publish('spiffe://prod.example', jwtKeys);
    clock.advance(300);
    await expect(verify(await domain.svid())).rejects.toMatchObject({
      reason: 'invalid_signature',
    });
  });

  it.each([
    ['of a JWKS', 'sig'],
    ['of X509-SVIDs', 'x509-svid'],
    ['at all', undefined],
  ])('S-09: is refused when its key has no use but that %s', async (_what, use) => {
    const { domain, verify, keys } = await aMesh();
    keys.publish('spiffe://prod.example', domain.bundleKeys({ use }));
    await expect(verify(await domain.svid())).rejects.toThrow('its "use" is not "jwt-svid"');
  });

  it('S-09: leaves its keys to itself: an OIDC issuer may not use one of them', async () => {
    const { oidc, verify, keys } = await aMesh();
    keys.publish('https://idp.test', [oidc.publicJwk({ use: 'jwt-svid' })]);
    await expect(verify(await oidc.mint())).rejects.toThrow('its "use" is not "sig"');
  });

  it('J-28: is refused when its key says another algorithm', async () => {
    const { domain, verify, keys } = await aMesh({}, 'RS256');
    keys.publish('spiffe://prod.example', domain.bundleKeys({ alg: 'PS256' }));
    await expect(verify(await domain.svid())).rejects.toMatchObject({
      reason: 'invalid_signature',
    });
  });
});

describe('the registration of a trust domain', () => {
  const declared = async (changes: Partial<IssuerDeclaration>): Promise<IssuerDeclaration> =>
    (await TestTrustDomain.create('prod.example', new FixedClock())).declaration(changes);

  it.each<[string, Partial<IssuerDeclaration>]>([
    ['S-06 with a path', { issuer: 'spiffe://prod.example/a' }],
    ['S-06 with an address', { issuer: 'https://prod.example' }],
    ['S-06 with a name in capitals', { issuer: 'spiffe://Prod' }],
    ['S-01 with an algorithm of others', { algorithms: ['EdDSA'] }],
    ['S-02 with a type of others', { types: ['jwt', 'at+jwt'] }],
    ['S-12 with keys by discovery', { keys: { kind: 'discovery' } }],
    ['S-12 with a plain endpoint', { keys: { kind: 'uri', uri: 'http://127.0.0.1/bundle' } }],
    ['S-12 with a user name', { keys: { kind: 'uri', uri: 'https://me@spire.example/' } }],
    ['S-12 with a password', { keys: { kind: 'uri', uri: 'https://:pw@spire.example/' } }],
    ['S-12 with what is no address', { keys: { kind: 'uri', uri: 'spire.example' } }],
    [
      'J-32 with a rhythm out of bounds',
      { keys: { kind: 'uri', uri: 'https://spire.example/', refreshSeconds: 9 } },
    ],
  ])('%s is refused', async (_what, changes) => {
    const declaration = await declared(changes);
    expect(() => compileIssuer(declaration)).toThrow(IssuerRegistryInvalid);
  });

  it('S-07 an OIDC issuer cannot be registered under the name of one', async () => {
    const declaration = await declared({ kind: 'oidc', keys: { kind: 'discovery' } });
    expect(() => compileIssuer(declaration)).toThrow(
      'a SPIFFE ID is not the issuer of OIDC tokens',
    );
  });
});
