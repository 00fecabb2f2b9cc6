import { inspect } from 'node:util';
import {
  IssuerRegistry,
  type KeySet,
  KeySource,
  SubjectTokenVerifier,
  TokenRejected,
  VerificationKeys,
} from '#identity';
import { DependencyUnavailable } from '#kernel';
import { aVerifier, FixedClock, InMemoryKeySource, TestIssuer } from '#testing';

/** Fails in the way that it is told. */
class FailingKeySource extends KeySource {
  constructor(private readonly failure: unknown) {
    super();
  }

  override async current(): Promise<KeySet> {
    throw this.failure;
  }

  override refetch(): Promise<KeySet> {
    return this.current();
  }
}

describe('the subject token verifier', () => {
  it('tells who the workload is', async () => {
    const { verifier, issuer } = await aVerifier({ id: 'k8s-prod', subjects: 'person' });
    const token = await verifier.verify(await issuer.mint({ jti: 'one', scope: 'ledger.read' }));
    expect(token).toMatchObject({
      identity: {
        issuer: 'https://idp.test',
        subject: 'workload-1',
        subjectKind: 'person',
        scopes: ['ledger.read'],
      },
      issuer: { id: 'k8s-prod' },
      jti: 'one',
      keyId: issuer.keyId,
      confirmation: undefined,
    });
    expect(token.signingInputDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  describe('X-31 looks in a fixed order', () => {
    it('at the issuer before the algorithm', async () => {
      const { verifier, issuer } = await aVerifier();
      const compactJws = await issuer.mint({ iss: 'https://other.test' }, { alg: 'none' });
      await expect(verifier.verify(compactJws)).rejects.toMatchObject({
        reason: 'issuer_untrusted',
      });
    });

    it('at the algorithm and the type before any key is asked for', async () => {
      const { verifier, issuer, keys } = await aVerifier();
      for (const header of [{ alg: 'RS256' }, { typ: 'at+jwt' }]) {
        await expect(verifier.verify(await issuer.mint({}, header))).rejects.toThrow(TokenRejected);
      }
      expect(keys.questions).toBe(0);
    });

    it('at the signature before the claims', async () => {
      const { verifier, issuer, clock } = await aVerifier();
      const { keyId } = issuer;
      const forger = await TestIssuer.create({ issuer: issuer.issuer, clock, keyId });
      const compactJws = await forger.mint({ exp: 1, aud: 'https://other.test' });
      await expect(verifier.verify(compactJws)).rejects.toMatchObject({
        reason: 'invalid_signature',
      });
    });
  });

  it('X-29 gives every refusal one code, so that the answer can be one', async () => {
    const { verifier, issuer } = await aVerifier();
    const tokens = [
      issuer.mint({ exp: 1, iat: 1 }),
      issuer.mint({ nbf: 2 ** 32 }),
      issuer.mint({ aud: 'https://other.test' }),
      issuer.mint({ iss: 'https://other.test' }),
      issuer.mint({ act: 'x' }),
      issuer.mint({}, { kid: 'unknown' }),
      'nonsense',
    ];
    for (const compactJws of tokens) {
      await expect(verifier.verify(await compactJws)).rejects.toMatchObject({
        code: 'token-rejected',
      });
    }
  });

  describe('fails closed', () => {
    const failingWith = async (failure: unknown) => {
      const clock = new FixedClock();
      const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
      const issuers = IssuerRegistry.of([issuer.declaration()]);
      const keys = new FailingKeySource(failure);
      const audience = 'https://postern.test';
      const verifier = new SubjectTokenVerifier({ issuers, keys, clock, audience });
      return verifier.verify(await issuer.mint());
    };

    it.each([new TypeError('x is not a function'), new RangeError('stack'), 'text', undefined])(
      'with a TokenRejected when something unforeseen happens: %p',
      async (failure) => {
        await expect(failingWith(failure)).rejects.toMatchObject({
          code: 'token-rejected',
          reason: 'malformed_token',
        });
      },
    );

    it('with what the key source says when it cannot reach the issuer', async () => {
      const unavailable = new DependencyUnavailable('issuer-keys', 'down');
      await expect(failingWith(unavailable)).rejects.toBe(unavailable);
    });

    it.each([undefined, null, 1, {}, []])('when it is given %p for a token', async (value) => {
      const { verifier } = await aVerifier();
      await expect(verifier.verify(value as string)).rejects.toThrow(TokenRejected);
    });
  });

  it('says in no error what the token said', async () => {
    const { verifier, issuer, keys } = await aVerifier();
    const canary = 'canary8271';
    const headers = [
      { kid: canary },
      { typ: canary },
      { alg: canary },
      { [canary]: canary },
      { kid: `${canary}"` },
    ];
    const claims = ['aud', 'exp', 'iat', 'nbf', 'sub', 'jti', 'scope', 'cnf', 'amr', 'iss'];
    const minted = await Promise.all([
      ...headers.map((header) => issuer.mint({}, header)),
      ...claims.map((name) => issuer.mint({ [name]: `${canary}\n` })),
    ]);
    const tokens = [
      ...minted,
      issuer.sign(issuer.header(), `{"${canary}":1,"${canary}":2}`),
      issuer.sign(issuer.header(), `{"iss":"${canary}`),
      `${(await issuer.mint()).slice(0, -20)}${canary}`,
    ];
    for (const compactJws of tokens) {
      const error: unknown = await verifier.verify(compactJws).catch((caught: unknown) => caught);
      const said = inspect(error, { depth: 10, showHidden: true });
      expect(error).toBeInstanceOf(TokenRejected);
      expect(said).not.toContain(canary);
      expect(said).not.toContain(compactJws.split('.')[1]!);
    }
    expect(keys.fetches).toBeGreaterThan(0);
  });

  it('keeps imported keys as long as the issuer publishes the same', async () => {
    const clock = new FixedClock();
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    const keys = InMemoryKeySource.of([issuer], clock);
    const set = await keys.current(issuer.registration());
    expect(VerificationKeys.of(set)).toBe(VerificationKeys.of({ keys: set.keys }));
  });
});
