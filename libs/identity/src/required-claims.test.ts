import fc from 'fast-check';
import { type IssuerDeclaration } from '#identity';
import { aVerifier, verifyMinted } from '#testing';

const claimsRefused = { code: 'token-rejected', reason: 'invalid_claims' };

/** A token with a whole number that a double does not hold exactly is malformed, whatever is required. */
const hasOnlySafeNumbers = (value: unknown): boolean => {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== 'object' || value === null
    ? true
    : Object.values(value).every(hasOnlySafeNumbers);
};

describe('J-34 the claims that the registration requires', () => {
  const requiring = (requiredClaims: IssuerDeclaration['requiredClaims']) => ({ requiredClaims });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['a wildcard', '*'],
    ['null', null],
    ['in capitals', 'Prod'],
    ['longer', 'production'],
    ['a list of it', ['prod']],
    ['an object', { prod: true }],
    ['a list with it', ['prod', 'dev']],
  ])('are not met by a claim that is %s', async (_what, environment) => {
    const verified = verifyMinted({ environment }, requiring({ environment: 'prod' }));
    await expect(verified).rejects.toMatchObject(claimsRefused);
  });

  it('are met by an equal claim', async () => {
    await expect(
      verifyMinted({ environment: 'prod' }, requiring({ environment: 'prod' })),
    ).resolves.toBeDefined();
  });

  it('are met by any one of a list', async () => {
    const list = requiring({ environment: ['prod', 'staging'] });
    await expect(verifyMinted({ environment: 'staging' }, list)).resolves.toBeDefined();
    await expect(verifyMinted({ environment: 'dev' }, list)).rejects.toMatchObject(claimsRefused);
    await expect(verifyMinted({ environment: ['prod', 'staging'] }, list)).rejects.toMatchObject(
      claimsRefused,
    );
  });

  it('must all be met', async () => {
    const both = requiring({ acr: 'high', environment: 'prod' });
    await expect(verifyMinted({ acr: 'high', environment: 'prod' }, both)).resolves.toBeDefined();
    await expect(verifyMinted({ acr: 'high' }, both)).rejects.toMatchObject(claimsRefused);
  });

  it.each([
    [true, 'true'],
    [1, '1'],
    [0, ''],
    [null, 'null'],
    [false, 'false'],
    [1, true],
    ['', null],
  ])('J-35 never convert: %j is not %j', async (value, expected) => {
    await expect(verifyMinted({ x: value }, requiring({ x: expected }))).rejects.toMatchObject(
      claimsRefused,
    );
    await expect(verifyMinted({ x: expected }, requiring({ x: value }))).rejects.toMatchObject(
      claimsRefused,
    );
    await expect(verifyMinted({ x: value }, requiring({ x: value }))).resolves.toBeDefined();
  });

  it('compare objects by content, whatever the order of members', async () => {
    const required = requiring({ x: { a: 1, b: [true, { c: null }] } });
    await expect(
      verifyMinted({ x: { b: [true, { c: null }], a: 1 } }, required),
    ).resolves.toBeDefined();
    for (const x of [{ a: 1 }, { a: 1, b: [true] }, { a: 1, b: [true, { c: null }], d: 1 }]) {
      await expect(verifyMinted({ x }, required)).rejects.toMatchObject(claimsRefused);
    }
  });

  describe('with a name that may be a path', () => {
    const namespace = requiring({ 'kubernetes.io/namespace': 'payments' });

    it.each([
      ['the claim of that name', { 'kubernetes.io/namespace': 'payments' }],
      ['the member of the object claim', { 'kubernetes.io': { namespace: 'payments' } }],
      [
        'both, when they agree',
        {
          'kubernetes.io/namespace': 'payments',
          'kubernetes.io': { namespace: 'payments' },
        },
      ],
    ])('are met by %s', async (_what, claims) => {
      await expect(verifyMinted(claims, namespace)).resolves.toBeDefined();
    });

    it.each([
      [
        'both, when they differ',
        {
          'kubernetes.io/namespace': 'payments',
          'kubernetes.io': { namespace: 'other' },
        },
      ],
      ['an object without the member', { 'kubernetes.io': { pod: 'payments' } }],
      ['a list', { 'kubernetes.io': ['payments'] }],
      ['a text', { 'kubernetes.io': 'namespace' }],
      ['a member of another claim', { other: { namespace: 'payments' } }],
    ])('are not met by %s', async (_what, claims) => {
      await expect(verifyMinted(claims, namespace)).rejects.toMatchObject(claimsRefused);
    });

    it('reach into objects of objects', async () => {
      const name = requiring({ 'kubernetes.io/serviceaccount/name': 'settler' });
      await expect(
        verifyMinted({ 'kubernetes.io': { serviceaccount: { name: 'settler' } } }, name),
      ).resolves.toBeDefined();
      await expect(
        verifyMinted({ 'kubernetes.io': { 'serviceaccount/name': 'settler' } }, name),
      ).resolves.toBeDefined();
      await expect(
        verifyMinted({ 'kubernetes.io': { serviceaccount: { name: 'x' } } }, name),
      ).rejects.toMatchObject(claimsRefused);
    });

    it('do not find what objects inherit', async () => {
      await expect(
        verifyMinted({ x: {} }, requiring({ 'x/constructor': {} })),
      ).rejects.toMatchObject(claimsRefused);
    });
  });

  it('are met by a claim exactly when both are the same JSON', async () => {
    const { verifier, issuer } = await aVerifier();
    await verifier.verify(await issuer.mint());
    const value = fc.oneof(
      fc.constantFrom('', '*', 'a', 0, 1, null, true),
      fc.jsonValue({ maxDepth: 3 }).filter(hasOnlySafeNumbers),
    );
    await fc.assert(
      fc.asyncProperty(value, value, async (claim, expected) => {
        const same = JSON.stringify(claim) === JSON.stringify(expected);
        fc.pre(!Array.isArray(expected) && (same || typeof claim !== 'object'));
        const verified = verifyMinted({ x: claim }, { requiredClaims: { x: expected as string } });
        if (same) await expect(verified).resolves.toBeDefined();
        else await expect(verified).rejects.toMatchObject(claimsRefused);
      }),
      { numRuns: 50 },
    );
  });
});
