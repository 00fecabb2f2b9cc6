import { type ExampleClaims as Claims, IssuerExamples } from '#test-support';

const AUDIENCE = 'https://postern.example';

describe('the examples of docs/issuers.md', () => {
  const examples = new IssuerExamples();

  describe('SPIFFE', () => {
    const published = { use: 'jwt-svid', alg: undefined };
    const asked = (changes: Claims = {}, header: Claims = {}): Promise<string> =>
      examples.outcome(
        'mesh',
        {
          ...{ sub: 'spiffe://prod.example/ns/payments/sa/settler', aud: [AUDIENCE] },
          nbf: undefined,
          ...changes,
        },
        { header, jwk: published },
      );

    it.each(['settler', 'reader'])('permits the service account %s', async (name) => {
      expect(await asked({ sub: `spiffe://prod.example/ns/payments/sa/${name}` })).toBe('permit');
    });

    it('S-07 permits it whatever its iss says', async () => {
      expect(await asked({ iss: 'https://oidc.spire.example' })).toBe('permit');
    });

    it.each<[string, Claims, string]>([
      ['S-14 payroll for pay', { sub: 'spiffe://prod.example/ns/payments2/sa/settler' }, 'deny'],
      ['S-14 part of a path', { sub: 'spiffe://prod.example/ns/payments/sa' }, 'deny'],
      ['S-14 more of a path', { sub: 'spiffe://prod.example/ns/payments/sa/a/b' }, 'deny'],
      ['S-14 another case', { sub: 'spiffe://prod.example/ns/Payments/sa/settler' }, 'deny'],
      ['S-14 the trust domain itself', { sub: 'spiffe://prod.example' }, 'deny'],
      [
        'S-06 another trust domain',
        { sub: 'spiffe://test.example/ns/payments/sa/settler' },
        'issuer_untrusted',
      ],
      [
        'S-13 a path with dots',
        { sub: 'spiffe://prod.example/ns/test/../payments/sa/settler' },
        'invalid_claims',
      ],
      ['S-04 an SVID for another', { aud: ['spiffe://prod.example/ledger'] }, 'invalid_claims'],
      ['S-04 an SVID for others too', { aud: [AUDIENCE, 'x'] }, 'invalid_claims'],
      ['S-05 an SVID without end', { exp: undefined }, 'invalid_claims'],
    ])('does not permit %s', async (_what, changes, expected) => {
      expect(await asked(changes)).toBe(expected);
    });

    it.each<[string, Claims, string]>([
      ['S-08 an SVID without kid', { kid: undefined }, 'malformed_token'],
      ['S-15 a workload identity token', { typ: 'wit+jwt' }, 'malformed_token'],
    ])('does not permit %s', async (_what, header, expected) => {
      expect(await asked({}, header)).toBe(expected);
    });

    it('S-07 does not permit one that an OIDC issuer signed', async () => {
      const sub = 'spiffe://prod.example/ns/payments/sa/settler';
      const claims = { sub, aud: AUDIENCE, jti: 'one', iss: 'https://gitlab.example' };
      expect(await examples.outcome('gitlab', { ...claims, namespace_id: '72' })).toBe(
        'invalid_signature',
      );
    });
  });

  describe('opaque tokens', () => {
    const asked = (changes: Claims = {}, issuerId = 'partner'): Promise<string> =>
      examples.opaqueOutcome(
        { active: true, sub: 'reconciliation', aud: AUDIENCE, ...changes },
        issuerId,
      );

    it('permits the client', async () => {
      expect(await asked()).toBe('permit');
      expect(await asked({ iss: 'https://idp.partner.example', token_type: 'Bearer' })).toBe(
        'permit',
      );
    });

    it.each<[string, Claims, string]>([
      ['another client', { sub: 'reconciliation2' }, 'deny'],
      ['a token that was revoked', { active: false }, 'invalid_claims'],
      ['J-35 a token that is active by a text', { active: 'true' }, 'invalid_claims'],
      ['a token for another', { aud: 'https://ledger.partner.example' }, 'invalid_claims'],
      ['a token for whomever', { aud: undefined }, 'invalid_claims'],
      ['a token without end', { exp: undefined }, 'invalid_claims'],
      ['a token of another issuer', { iss: 'https://evil.example' }, 'invalid_claims'],
    ])('does not permit %s', async (_what, changes, expected) => {
      expect(await asked(changes)).toBe(expected);
    });

    it.each(['k8s-prod', 'mesh', 'nobody'])('are not those of the issuer %s', async (issuerId) => {
      expect(await asked({}, issuerId)).toBe('issuer_untrusted');
    });
  });
});
