import { IssuerRegistry, type PublishedJwk, SubjectTokenVerifier } from '#identity';
import { DependencyUnavailable } from '#kernel';
import {
  aVerifier,
  FixedClock,
  InMemoryKeySource,
  TestIssuer,
  type VerifierUnderTest,
} from '#testing';

const refusal = { code: 'token-rejected', reason: 'invalid_signature' };
const audience = 'https://postern.test';

describe('the choice of the key', () => {
  const publishing = async (
    change: (issuer: TestIssuer) => readonly PublishedJwk[],
  ): Promise<VerifierUnderTest> => {
    const under = await aVerifier();
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

  describe('J-05 a token without kid', () => {
    const mint = (issuer: TestIssuer): Promise<string> => issuer.mint({}, { kid: undefined });

    it('is rejected when its issuer names its only key', async () => {
      const { verifier, issuer } = await aVerifier();
      await expect(verifier.verify(await mint(issuer))).rejects.toMatchObject(refusal);
    });

    it('is rejected when its issuer names another key', async () => {
      const { verifier, issuer } = await publishing((one) => [
        one.publicJwk({ kid: undefined }),
        one.publicJwk({ kid: 'named', use: 'enc' }),
      ]);
      await expect(verifier.verify(await mint(issuer))).rejects.toMatchObject(refusal);
    });

    it('is rejected when two keys could have signed it', async () => {
      const nameless = { kid: undefined };
      const { verifier, issuer } = await publishing((one) => [
        one.publicJwk(nameless),
        one.publicJwk(nameless),
      ]);
      await expect(verifier.verify(await mint(issuer))).rejects.toMatchObject(refusal);
    });

    it('is accepted when its issuer has one key and does not name it', async () => {
      const { verifier, issuer } = await publishing((one) => [one.publicJwk({ kid: undefined })]);
      await expect(verifier.verify(await mint(issuer))).resolves.toMatchObject({
        keyId: undefined,
      });
    });
  });

  describe('J-29 keys of another issuer', () => {
    const twoIssuers = async () => {
      const clock = new FixedClock();
      const one = await TestIssuer.create({ issuer: 'https://one.test', clock });
      const other = await TestIssuer.create({ issuer: 'https://other.test', clock });
      const keys = InMemoryKeySource.of([one, other], clock);
      const issuers = IssuerRegistry.of([
        one.declaration({ id: 'one' }),
        other.declaration({ id: 'other' }),
      ]);
      return { one, other, verifier: new SubjectTokenVerifier({ issuers, keys, clock, audience }) };
    };

    it('verify nothing, though that issuer is trusted too', async () => {
      const { one, other, verifier } = await twoIssuers();
      await expect(verifier.verify(await other.mint())).resolves.toBeDefined();
      const compactJws = await other.mint({ iss: one.issuer });
      await expect(verifier.verify(compactJws)).rejects.toMatchObject(refusal);
    });

    it('A-09 are of another identity, though the subject is the same', async () => {
      const { one, other, verifier } = await twoIssuers();
      const [first, second] = [
        await verifier.verify(await one.mint()),
        await verifier.verify(await other.mint()),
      ];
      expect(first.identity.subject).toBe(second.identity.subject);
      expect(first.identity.issuer).not.toBe(second.identity.issuer);
    });
  });

  describe('an unknown key id', () => {
    it('J-05 makes exactly one refetch, which finds a new key', async () => {
      const { verifier, issuer, keys, clock } = await aVerifier();
      await verifier.verify(await issuer.mint());
      const next = await TestIssuer.create({ issuer: issuer.issuer, clock, keyId: 'next' });
      keys.publish(issuer.issuer, [next.publicJwk()]);
      await expect(verifier.verify(await next.mint())).resolves.toMatchObject({ keyId: 'next' });
      expect(keys.fetches).toBe(2);
    });

    it('J-30 is answered from what is known when many come', async () => {
      const { verifier, issuer, keys } = await aVerifier();
      await verifier.verify(await issuer.mint());
      for (let index = 0; index < 100; index += 1) {
        const compactJws = await issuer.mint({}, { kid: `random-${index}` });
        await expect(verifier.verify(compactJws)).rejects.toMatchObject(refusal);
      }
      expect(keys.fetches).toBe(2);
      await expect(verifier.verify(await issuer.mint())).resolves.toBeDefined();
    });

    it('makes no refetch when the key is known and must not be used', async () => {
      const under = await publishing((issuer) => [issuer.publicJwk({ use: 'enc' })]);
      await rejected(under, '"use"');
      expect(under.keys.questions).toBe(1);
    });
  });

  it('J-31 passes on that the keys cannot be had: the token may be good', async () => {
    const { verifier, issuer, keys } = await aVerifier();
    keys.setReachable(false);
    await expect(verifier.verify(await issuer.mint())).rejects.toThrow(DependencyUnavailable);
  });

  it('J-32 rejects what a removed key signed', async () => {
    const { verifier, issuer, keys, clock } = await aVerifier();
    await verifier.verify(await issuer.mint());
    keys.publish(issuer.issuer, []);
    clock.advance(301);
    await expect(verifier.verify(await issuer.mint())).rejects.toMatchObject(refusal);
  });
});
