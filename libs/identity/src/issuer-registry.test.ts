import { type IssuerDeclaration, IssuerRegistry, IssuerRegistryInvalid } from '#identity';
import { TestIssuer } from '#testing';

describe('the issuer registry', () => {
  let declaration: (overrides?: Partial<IssuerDeclaration>) => IssuerDeclaration;

  beforeAll(async () => {
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test' });
    declaration = (overrides) => issuer.declaration(overrides);
  });

  it('finds an issuer by its exact name', () => {
    const registry = IssuerRegistry.of([declaration()]);
    expect(registry.find('https://idp.test')?.id).toBe('test-issuer');
  });

  it.each([
    'https://idp.test/',
    'HTTPS://idp.test',
    'https://idp.tes',
    '',
    'constructor',
    '__proto__',
  ])('does not find %p', (issuer) => {
    expect(IssuerRegistry.of([declaration()]).find(issuer)).toBeUndefined();
  });

  it('trusts nobody when nobody is registered', () => {
    expect(IssuerRegistry.of([]).find('https://idp.test')).toBeUndefined();
  });

  it('refuses two issuers of one id', () => {
    const twins = [declaration(), declaration({ issuer: 'https://other.test' })];
    expect(() => IssuerRegistry.of(twins)).toThrow('the same id');
  });

  it('refuses one issuer registered twice', () => {
    const twins = [declaration(), declaration({ id: 'other' })];
    expect(() => IssuerRegistry.of(twins)).toThrow('the same issuer');
  });

  it('J-02 refuses symmetric algorithms and none, and what only looks like an algorithm', () => {
    for (const algorithm of ['HS256', 'HS512', 'none', 'None', 'es256', 'RS1', 'dir', '']) {
      const entry = declaration({ algorithms: ['ES256', algorithm] });
      expect(() => IssuerRegistry.of([entry])).toThrow(IssuerRegistryInvalid);
    }
  });

  it.each<[string, Partial<IssuerDeclaration>]>([
    ['no algorithm', { algorithms: [] }],
    ['no type', { types: [] }],
    ['DPoP proofs as subject tokens', { types: ['jwt', 'dpop+jwt'] }],
    ['security events as subject tokens', { types: ['application/secevent+JWT'] }],
    ['a skew of more than a minute', { clockSkewSeconds: 61 }],
    ['a negative skew', { clockSkewSeconds: -1 }],
    ['a skew that is no number', { clockSkewSeconds: Number.NaN }],
    ['no lifetime', { maxLifetimeSeconds: 0 }],
    ['an endless lifetime', { maxLifetimeSeconds: Infinity }],
    ['no age', { maxAgeSeconds: 0 }],
    ['an age that is no number', { maxAgeSeconds: Number.NaN }],
    ['a review date that is none', { reviewBy: new Date('never') }],
    ['no use of a token', { tokenUse: { kind: 'bounded', uses: 0 } }],
    ['a required claim that nothing meets', { requiredClaims: { acr: [] } }],
    ['an empty issuer', { issuer: '' }],
  ])('refuses %s, and names the issuer', (_what, overrides) => {
    expect(() => IssuerRegistry.of([declaration(overrides)])).toThrow(
      expect.objectContaining({
        code: 'issuer-registry-invalid',
        message: expect.stringContaining('issuer test-issuer: ') as unknown,
      }) as Error,
    );
  });

  it('reads types without regard to case and to application/', () => {
    const registry = IssuerRegistry.of([declaration({ types: ['JWT', 'application/AT+JWT'] })]);
    expect(registry.find('https://idp.test')).toMatchObject({ types: ['jwt', 'at+jwt'] });
  });

  it('lists whose review is overdue, from that instant on', () => {
    const reviewBy = new Date('2026-12-01T00:00:00Z');
    const registry = IssuerRegistry.of([
      declaration({ reviewBy }),
      declaration({ id: 'later', issuer: 'https://later.test' }),
    ]);
    expect(registry.overdue(new Date(reviewBy.getTime() - 1))).toEqual([]);
    expect(registry.overdue(reviewBy).map(({ id }) => id)).toEqual(['test-issuer']);
    expect(registry.all().map(({ id }) => id)).toEqual(['test-issuer', 'later']);
  });
});
